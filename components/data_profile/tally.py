"""What is counted of single pairs of a split, and how such counts are added."""

import collections
import dataclasses
import heapq
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from components.data_profile.profile import Finding, SideProfile, SplitProfile, beginning, excerpt

EXAMPLES_SHOWN = 5


class Pair(NamedTuple):
    """A source with its first reference, or None where there is none, and the values of the slice keys."""

    source: bytes
    target: bytes | None
    slices: dict[str, bytes]

    @property
    def texts(self) -> dict[str, bytes]:
        """The texts by side."""
        return {"source": self.source} if self.target is None else {"source": self.source, "target": self.target}

    def excerpt(self) -> str:
        """The beginnings of the texts, to be shown."""
        return " → ".join(map(excerpt, self.texts.values()))


# A few examples of many: those of the smallest hashes, which is a sample that does not depend on the order. With each
# what to show of it: the text itself, or a hash by which it is found.
Sample = list[tuple[int, str | int]]


@dataclasses.dataclass
class FindingTally:
    """Suspicious pairs as they are counted."""

    count: int = 0
    sample: Sample = dataclasses.field(default_factory=list)

    def merge(self, other: "FindingTally") -> None:
        """Adds another tally."""
        self.count += other.count
        self.sample = heapq.nsmallest(EXAMPLES_SHOWN, {*self.sample, *other.sample})

    def finding(self) -> Finding:
        """The result."""
        return Finding(count=self.count, examples=[shown for _, shown in self.sample])


@dataclasses.dataclass
class SplitTally:
    """What can be counted of single pairs.

    Attributes:
      extremes: by side, the length of the shortest and of the longest text, each with the beginning of one; of several
        of that length which one it is does not depend on their order.
    """

    examples: int = 0
    lengths: dict[str, collections.Counter[int]] = dataclasses.field(default_factory=dict)
    extremes: dict[str, tuple[tuple[int, bytes], tuple[int, bytes]]] = dataclasses.field(default_factory=dict)
    near_empty: FindingTally = dataclasses.field(default_factory=FindingTally)
    extreme_length_ratio: FindingTally = dataclasses.field(default_factory=FindingTally)

    def add_lengths(self, side: str, lengths: np.ndarray, texts: Sequence[bytes]) -> None:
        """Counts the texts of one side of a batch; lengths is int [B]."""
        self.lengths[side] = collections.Counter(lengths.tolist())
        low, high = int(lengths.min()), int(lengths.max())
        shortest = min(texts[row] for row in np.flatnonzero(lengths == low))
        longest = max(texts[row] for row in np.flatnonzero(lengths == high))
        self.extremes[side] = (low, beginning(shortest)), (high, beginning(longest))

    def merge(self, other: "SplitTally") -> None:
        """Adds another tally of the same split."""
        self.examples += other.examples
        for side, lengths in other.lengths.items():
            self.lengths.setdefault(side, collections.Counter()).update(lengths)
            known = [each[side] for each in (self.extremes, other.extremes) if side in each]
            self.extremes[side] = min(shortest for shortest, _ in known), max(longest for _, longest in known)
        self.near_empty.merge(other.near_empty)
        self.extreme_length_ratio.merge(other.extreme_length_ratio)

    def profile(self) -> SplitProfile:
        """The profile, without what needs more than single pairs."""
        return SplitProfile(
            examples=self.examples,
            sides={
                side: SideProfile(
                    lengths=dict(sorted(lengths.items())),
                    shortest=excerpt(self.extremes[side][0][1]),
                    longest=excerpt(self.extremes[side][1][1]),
                )
                for side, lengths in sorted(self.lengths.items())
            },
            near_empty=self.near_empty.finding(),
            extreme_length_ratio=self.extreme_length_ratio.finding(),
        )


def add_tallies(tallies: Iterable[SplitTally]) -> SplitTally:
    """The sum of tallies of one split, in any order."""
    total = SplitTally()
    for tally in tallies:
        total.merge(tally)
    return total
