"""Buckets of source lengths, in characters, by which metrics are sliced.

The names are what an EvalConfig records, and what the slices are called: `1-10`, `11-20`, `21+`.
"""

import dataclasses
from collections.abc import Iterable

# The derived feature that slices are made by.
SOURCE_LENGTH = "source_length"

_OPEN_END = "+"


@dataclasses.dataclass(frozen=True)
class LengthBuckets:
    """Consecutive ranges of lengths, from 1 up.

    Attributes:
      bounds: rising upper bounds, each part of its bucket; one more bucket holds what is longer than the last.
    """

    bounds: tuple[int, ...]

    @classmethod
    def from_names(cls, names: Iterable[str]) -> "LengthBuckets":
        """The buckets of these names, in order, as `names` gives them."""
        return cls(tuple(int(name.rpartition("-")[2]) for name in names if not name.endswith(_OPEN_END)))

    @property
    def names(self) -> list[str]:
        """Name of each bucket; none where there are no bounds."""
        if not self.bounds:
            return []
        lowest = [1, *(bound + 1 for bound in self.bounds)]
        closed = [f"{low}-{high}" for low, high in zip(lowest, self.bounds, strict=False)]
        return [*closed, f"{lowest[-1]}{_OPEN_END}"]

    def names_of(self, length: int) -> list[str]:
        """Name of the bucket that holds a length; none for 0, and where there are no bounds."""
        if not length or not self.bounds:
            return []
        return [self.names[sum(bound < length for bound in self.bounds)]]
