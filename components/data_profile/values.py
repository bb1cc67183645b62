"""How often tokens and values of slice keys occur, however many different ones there are."""

import collections
import io
import pickle
import zlib
from collections.abc import Iterable, Iterator

from components.data_profile.parts import PARTS, PartRange, Run, read_parts

# Different values that are counted before the counts are put into a file.
_MOST_VALUES = 100_000


class ValueCounts:
    """Counts the values of features of the pairs of one split."""

    def __init__(self):
        self._counts: collections.Counter[tuple[str, bytes]] = collections.Counter()

    def add(self, feature: str, counts: Iterable[tuple[bytes, int]]) -> None:
        """Adds values of a feature, with how often they occur."""
        for value, count in counts:
            self._counts[feature, value] += count

    def is_full(self) -> bool:
        """Whether it is time to take them."""
        return len(self._counts) > _MOST_VALUES

    def take(self) -> list[bytes]:
        """Gives out the counts by part, and is empty then."""
        parts: list[list[tuple[str, bytes, int]]] = [[] for _ in range(PARTS)]
        for (feature, value), count in self._counts.items():
            parts[zlib.crc32(value) % PARTS].append((feature, value, count))
        self._counts.clear()
        return [pickle.dumps(part) if part else b"" for part in parts]


def add_values(parts: PartRange, runs: list[Run]) -> Iterator[tuple[tuple[str, str, bytes], int]]:
    """Sums of counts: ((split, feature, value), count)."""
    total: collections.Counter[tuple[str, str, bytes]] = collections.Counter()
    for split, content in read_parts(parts, runs):
        stream = io.BytesIO(content)
        while stream.tell() < len(content):
            for feature, value, count in pickle.load(stream):
                total[split, feature, value] += count
    yield from total.items()
