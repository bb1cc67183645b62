"""Byte-pair encoding's merges (Sennrich, Haddow and Birch 2016), found without counting all pairs anew each time."""

import heapq
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise

Pair = tuple[str, str]


class Merges:
    """Words as sequences of pieces, at first their characters, of which the most frequent pairs become one piece.

    Each merge takes the pair of neighbours that the words have most often, of equally frequent ones the pair whose left
    piece, and then whose right piece, comes first in the order of code points; within a word, from left to right.

    Args:
        words: How often each word occurs.
    """

    def __init__(self, words: Mapping[str, int]):
        self._sequences = [list(word) for word in words]
        self._frequencies = list(words.values())
        self._counts: defaultdict[Pair, int] = defaultdict(int)
        # The words that have a pair, or had it once.
        self._places: defaultdict[Pair, set[int]] = defaultdict(set)
        for index, (sequence, frequency) in enumerate(zip(self._sequences, self._frequencies, strict=True)):
            for pair in pairwise(sequence):
                self._counts[pair] += frequency
                self._places[pair].add(index)
        # No pair is more frequent than its highest entry says; entries that say too much are put right as they come up.
        self._queue = [(-count, pair) for pair, count in self._counts.items()]
        heapq.heapify(self._queue)

    def best_count(self) -> int:
        """How often the next pair to be merged occurs; 0 where no word has two pieces left."""
        while self._queue:
            count, pair = self._queue[0]
            now = self._counts.get(pair, 0)
            if now == -count:
                return now
            if now:
                heapq.heapreplace(self._queue, (-now, pair))
            else:
                heapq.heappop(self._queue)
        return 0

    def merge(self) -> Pair:
        """Merges the most frequent pair, which `best_count` has just found; returns it."""
        _, pair = heapq.heappop(self._queue)
        grown: set[Pair] = set()
        for index in self._places.pop(pair):
            self._replace(index, pair, grown)
        del self._counts[pair]
        for changed in grown:
            if count := self._counts[changed]:
                heapq.heappush(self._queue, (-count, changed))
        return pair

    def _replace(self, index: int, pair: Pair, grown: set[Pair]) -> None:
        """Merges a pair wherever a word has it, and notes the pairs that it may now have more often."""
        before = self._sequences[index]
        after = list(_merged(before, pair))
        if len(after) == len(before):
            return
        frequency = self._frequencies[index]
        for lost in pairwise(before):
            self._counts[lost] -= frequency
        new = "".join(pair)
        for kept in pairwise(after):
            self._counts[kept] += frequency
            if new in kept:
                self._places[kept].add(index)
                grown.add(kept)
        self._sequences[index] = after


def _merged(sequence: list[str], pair: Pair) -> Iterator[str]:
    left, right = pair
    index, last = 0, len(sequence) - 1
    while index <= last:
        if index < last and sequence[index] == left and sequence[index + 1] == right:
            yield left + right
            index += 2
        else:
            yield sequence[index]
            index += 1
