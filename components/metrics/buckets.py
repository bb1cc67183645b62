"""Buckets of figures of the source, by which metrics are sliced: its length, and how many of its tokens are unknown.

The names are what an EvalConfig records, and what the slices are called: `1-10`, `11-20`, `21+`.
"""

import dataclasses
from collections.abc import Iterable

# The derived features that slices are made by, and the least value that is in a bucket.
SOURCE_LENGTH, SOURCE_UNKNOWN = "source_length", "source_unknown"
LEAST = {SOURCE_LENGTH: 1, SOURCE_UNKNOWN: 0}

_OPEN_END = "+"


@dataclasses.dataclass(frozen=True)
class Buckets:
    """Consecutive ranges of whole numbers.

    Attributes:
      bounds: rising upper bounds, each part of its bucket; one more bucket holds what is above the last.
      least: where the first one begins.
    """

    bounds: tuple[int, ...]
    least: int = 1

    @classmethod
    def from_names(cls, names: Iterable[str], least: int = 1) -> "Buckets":
        """The buckets of these names, in order, as `names` gives them."""
        return cls(tuple(int(name.rpartition("-")[2]) for name in names if not name.endswith(_OPEN_END)), least)

    @property
    def names(self) -> list[str]:
        """Name of each bucket; none where there are no bounds."""
        if not self.bounds:
            return []
        lowest = [self.least, *(bound + 1 for bound in self.bounds)]
        closed = [str(high) if low == high else f"{low}-{high}" for low, high in zip(lowest, self.bounds, strict=False)]
        return [*closed, f"{lowest[-1]}{_OPEN_END}"]

    def names_of(self, value: int) -> list[str]:
        """Name of the bucket that holds a value; none for one below the first, and where there are no bounds."""
        if value < self.least or not self.bounds:
            return []
        return [self.names[sum(bound < value for bound in self.bounds)]]
