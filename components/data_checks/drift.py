"""How far a profile is from an earlier one, and from which distance on that stops a run."""

import collections
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from components.data_checks.anomaly import Anomaly, printable
from components.data_checks.config import DistanceLimits, DriftConfig
from components.data_checks.distances import jensen_shannon, l_infinity
from components.data_profile.profile import Counts, SideProfile, SplitProfile
from components.data_profile.settings import ProfileSettings
from components.tables import Table

# Stands for all values that a profile does not keep.
_OTHERS = ("other",)


class Distance(NamedTuple):
    """A distance that was measured.

    Attributes:
      split: of the newer data.
      subject: what is compared: `source lengths`, `target tokens`, `slice key domain`.
      measure: `L-infinity`, `Jensen-Shannon`, or `increase of unknown tokens`.
      value: from 0 to 1.
      key: of the limit, below data.drift.
      limit: the largest value allowed; None where there is no limit.
      binding: whether going beyond the limit counts; not where there are too few examples.
      details: what changed most, or is unknown.
    """

    split: str
    subject: str
    measure: str
    value: float
    key: str
    limit: float | None
    binding: bool
    details: Sequence[str] = ()

    @property
    def too_far(self) -> bool:
        """Whether it is beyond a limit that counts."""
        return self.binding and self.limit is not None and self.value > self.limit


class Drift:
    """Compares a split of new data with one of earlier data."""

    def __init__(self, config: DriftConfig, settings: ProfileSettings):
        """Takes the limits, and how both profiles were made."""
        self._config = config
        self._settings = settings

    def distances(self, name: str, new: SplitProfile, old: SplitProfile, vocabulary: SplitProfile) -> list[Distance]:
        """All distances between two splits.

        Args:
          name: of the newer split.
          new, old: the splits; of sides and slice keys those are compared that both have.
          vocabulary: the training split of the earlier data, which says what is known.
        """
        binding = min(new.examples, old.examples) >= self._config.min_examples
        return list(self._all(name, binding, new, old, vocabulary))

    def _all(self, name, binding, new, old, vocabulary) -> Iterator[Distance]:
        for side in sorted(new.sides.keys() & old.sides.keys()):
            ours, theirs = new.sides[side], old.sides[side]
            yield from self._pair(name, f"{side} lengths", "lengths", binding, ours.lengths, theirs.lengths)
            counts = _comparable(ours.tokens, theirs.tokens)
            yield from self._pair(name, f"{side} tokens", "tokens", binding, *counts)
            yield self._unknown(name, side, binding, ours, theirs, vocabulary)
        for key in sorted(new.slices.keys() & old.slices.keys()):
            counts = _comparable(new.slices[key], old.slices[key])
            yield from self._pair(name, f"slice key {key}", "slices", binding, *counts)

    def _pair(self, name: str, subject: str, key: str, binding: bool, ours: Mapping, theirs: Mapping):
        limits: DistanceLimits = getattr(self._config, key)
        value, where = l_infinity(ours, theirs)
        details = [] if where is None else [_change(where, ours, theirs)]
        yield Distance(name, subject, "L-infinity", value, f"{key}.l_infinity", limits.l_infinity, binding, details)
        value = jensen_shannon(ours, theirs)
        limit = limits.jensen_shannon
        yield Distance(name, subject, "Jensen-Shannon", value, f"{key}.jensen_shannon", limit, binding, details)

    def _unknown(
        self, name: str, side: str, binding: bool, ours: SideProfile, theirs: SideProfile, vocabulary: SplitProfile
    ) -> Distance:
        known = self._known(side, vocabulary)
        unknown = [(token, count) for token, count in ours.tokens.most_common if token not in known]
        increase = max(0.0, _unknown_share(ours.tokens, known) - _unknown_share(theirs.tokens, known))
        return Distance(
            split=name,
            subject=f"{side} tokens",
            measure="increase of unknown tokens",
            value=increase,
            key="max_unknown_increase",
            limit=self._config.max_unknown_increase,
            binding=binding,
            details=[f"{printable(token)} ({count:,})" for token, count in unknown[:5]],
        )

    def _known(self, side: str, vocabulary: SplitProfile) -> set[str]:
        sides = vocabulary.sides.values() if self._settings.shared_vocabulary else [vocabulary.sides[side]]
        counts: collections.Counter[str] = collections.Counter()
        for each in sides:
            counts.update(dict(each.tokens.most_common))
        config = self._settings.side(side)
        ranked = sorted(counts, key=lambda token: (counts[token], token), reverse=True)
        return {token for token in ranked[: config.vocabulary_size] if counts[token] >= config.min_count}


def drift_anomalies(distances: Sequence[Distance]) -> list[Anomaly]:
    """Those beyond their limits."""
    return [
        Anomaly(
            split=each.split,
            subject=each.subject,
            problem=f"{each.measure} is {each.value:.3g}, data.drift.{each.key} allows {each.limit:g}",
            examples=each.details,
        )
        for each in distances
        if each.too_far
    ]


def drift_table(title: str, distances: Sequence[Distance]) -> Table:
    """All distances, a row each."""
    return Table(
        title,
        ("split", "what", "measure", "found", "allowed", "most"),
        [
            (
                each.split,
                each.subject,
                each.measure,
                f"{each.value:.3g}" + (" !" if each.too_far else ""),
                "" if each.limit is None else f"{each.limit:g}" + ("" if each.binding else " (too few examples)"),
                ", ".join(each.details),
            )
            for each in distances
        ],
    )


def _comparable(new: Counts, old: Counts) -> tuple[dict, dict]:
    """Counts by value, in which what cannot be told apart stands together.

    Where the earlier profile does not keep all of its values, those that it does not keep are one. What is new adds to
    a Jensen-Shannon divergence by its share, in how many values ever it falls.
    """
    names = {value for value, _ in old.most_common}
    if sum(count for _, count in old.most_common) == old.total:
        names |= {value for value, _ in new.most_common}
    return _with_others(new, names), _with_others(old, names)


def _with_others(counts: Counts, names: set[str]) -> dict:
    result: dict = {value: count for value, count in counts.most_common if value in names}
    others = counts.total - sum(result.values())
    return {**result, _OTHERS: others} if others else result


def _unknown_share(counts: Counts, known: set[str]) -> float:
    of_known = sum(count for token, count in counts.most_common if token in known)
    return 1 - of_known / counts.total if counts.total else 0.0


def _change(value, ours: Mapping, theirs: Mapping) -> str:
    name = "others" if value == _OTHERS else printable(str(value))
    now, before = (counts.get(value, 0) / sum(counts.values()) for counts in (ours, theirs))
    return f"{name}: {100 * before:.3g} % before, {100 * now:.3g} % now"
