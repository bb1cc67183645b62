"""What the pairs of one place add to every kind of count, measured in batches."""

import collections
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import tensorflow as tf

from components.data_profile.keys import IDENTICAL_PAIRS, SHARED_SOURCES, KeyBuffer, hash_of_texts
from components.data_profile.parts import RunFile
from components.data_profile.settings import ProfileSettings
from components.data_profile.tally import EXAMPLES_SHOWN, FindingTally, Pair, SplitTally
from components.data_profile.values import ValueCounts
from transform.text import segment

# Tags of what a place gives out.
TALLIES, VALUES, KEYS = "tallies", "values", "keys"

# Bytes of text that are segmented at once.
_BATCH_BYTES = 1 << 18


class PairSource(NamedTuple):
    """Where the pairs of a split are: places that can be read apart from one another, and what reads one."""

    places: Sequence[Any]
    read: Callable[[Any], Iterable[Pair]]


class MeasurePlace(beam.DoFn):
    """Gives out, by tag, what the pairs of one place add.

    TALLIES: (split, SplitTally). VALUES: Runs of ValueCounts. KEYS: Runs of a KeyBuffer. The runs are in one new file.
    """

    def __init__(self, split: str, read: Callable[[Any], Iterable[Pair]], settings: ProfileSettings, folder: str):
        self._split = split
        self._read = read
        self._settings = settings
        self._folder = folder

    def process(self, place: Any) -> Iterator[beam.pvalue.TaggedOutput]:
        total, values, keys = SplitTally(), ValueCounts(), KeyBuffer()
        buffers = {VALUES: values, KEYS: keys}
        runs = []
        with RunFile(self._folder, self._split) as file:
            for pairs in batches(self._read(place)):
                total.merge(self._measure(pairs, values, keys))
                runs += [(tag, file.write(full.take())) for tag, full in buffers.items() if full.is_full()]
            runs += [(tag, file.write(rest.take())) for tag, rest in buffers.items()]
        # A file counts when it is whole: what a worker left that was interrupted is never read.
        yield from (beam.pvalue.TaggedOutput(tag, run) for tag, run in runs)
        if total.examples:
            yield beam.pvalue.TaggedOutput(TALLIES, (self._split, total))

    def _measure(self, pairs: list[Pair], values: ValueCounts, keys: KeyBuffer) -> SplitTally:
        tally = SplitTally(examples=len(pairs))
        lengths, joined = [], []
        for side in pairs[0].texts:
            texts = [pair.texts[side] for pair in pairs]
            pieces = segment(tf.constant(texts), self._settings.side(side))
            lengths.append(pieces.row_lengths().numpy())
            tally.add_lengths(side, lengths[-1], texts)
            tokens, _, counts = tf.unique_with_counts(pieces.values)
            values.add(f"{side}_tokens", zip(tokens.numpy().tolist(), counts.numpy().tolist(), strict=True))
            # No token has a NUL, which cleaning replaces.
            joined.append(tf.strings.reduce_join(pieces, axis=1, separator="\0"))
        for key in self._settings.slice_keys:
            of_key = collections.Counter(pair.slices[key] for pair in pairs if key in pair.slices)
            values.add(f"slice {key}", of_key.items())
        pair_keys = hash_of_texts(joined)
        keys.add(
            sources=(hash_of_texts(joined[:1]), text_hashes(SHARED_SOURCES, pairs)),
            pairs=(pair_keys, text_hashes(IDENTICAL_PAIRS, pairs)) if len(joined) > 1 else None,
        )
        low, high = np.min(lengths, axis=0), np.max(lengths, axis=0)
        tally.near_empty = _finding(low < self._settings.near_empty_tokens, pairs, pair_keys)
        extreme = (low > 0) & (high > self._settings.extreme_length_ratio * low)
        tally.extreme_length_ratio = _finding(extreme, pairs, pair_keys)
        return tally


def batches(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    """Pairs in lists of some bytes of text."""
    batch, size = [], 0
    for pair in pairs:
        batch.append(pair)
        size += len(pair.source) + len(pair.target or b"") + 1
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def text_hashes(kind: str, pairs: list[Pair]) -> np.ndarray:
    """Hashes, int64 [B], of the texts that are shown of pairs in a finding of a kind, by which they are found again."""
    sides = [[pair.source for pair in pairs]]
    if kind == IDENTICAL_PAIRS:
        sides.append([pair.target for pair in pairs])
    return hash_of_texts([tf.constant(side) for side in sides])


def _finding(found: np.ndarray, pairs: list[Pair], keys: np.ndarray) -> FindingTally:
    rows = np.flatnonzero(found)
    smallest = np.unique(keys[rows])[:EXAMPLES_SHOWN]
    shown = {(int(keys[row]), pairs[row].excerpt()) for row in rows[np.isin(keys[rows], smallest)].tolist()}
    return FindingTally(len(rows), heapq.nsmallest(EXAMPLES_SHOWN, shown))
