"""Which split a pair goes to: a stable hash of its source."""

import bisect
import hashlib
import itertools


class SplitByHash:
    """Shares sources among splits by weight.

    The first 8 bytes of the SHA-256 of the source's UTF-8, as a big-endian number divided by 2**64, are its place
    between 0 and 1. The splits take their shares of that stretch in the order of their names. A source's split so
    depends on nothing but its text and the weights, and a change of the weights moves only what it has to.
    """

    def __init__(self, weights: dict[str, int]):
        """Takes the splits' names with their weights."""
        self._names = sorted(weights)
        self._ends = list(itertools.accumulate(weights[name] for name in self._names))

    def split_of(self, source: bytes) -> str:
        """Name of the split that a source goes to."""
        if len(self._names) == 1:
            return self._names[0]
        place = int.from_bytes(hashlib.sha256(source).digest()[:8], "big") * self._ends[-1] >> 64
        return self._names[bisect.bisect(self._ends, place)]
