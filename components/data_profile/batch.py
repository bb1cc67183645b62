"""What one batch of pairs adds to every kind of count."""

import collections
import hashlib
import itertools
from collections.abc import Iterator

import apache_beam as beam
import tensorflow as tf

from components.data_profile.profile import excerpt
from components.data_profile.settings import ProfileSettings
from components.data_profile.tally import Pair, SplitTally
from transform.text import segment

# Tags of what a batch gives out.
TALLIES, VALUES, SOURCES, PAIRS = "tallies", "values", "sources", "pairs"


class MeasureBatch(beam.DoFn):
    """Gives out, by tag, what a batch of pairs of one split adds.

    TALLIES: (split, SplitTally). VALUES: ((split, feature, value), count). SOURCES: (hash of the source's tokens,
    (split, text to show)). PAIRS: ((split, hash of both sides' tokens), text to show).
    """

    def __init__(self, split: str, settings: ProfileSettings):
        self._split = split
        self._settings = settings

    def process(self, pairs: list[Pair]) -> Iterator[beam.pvalue.TaggedOutput]:
        tally = SplitTally(examples=len(pairs))
        sides = list(pairs[0].texts)
        rows = {}
        for side in sides:
            texts = [pair.texts[side] for pair in pairs]
            pieces = segment(tf.constant(texts), self._settings.side(side))
            values, ends = pieces.values.numpy().tolist(), pieces.row_splits.numpy().tolist()
            rows[side] = [values[start:end] for start, end in itertools.pairwise(ends)]
            tally.add_lengths(side, [len(row) for row in rows[side]], texts)
            for token, count in collections.Counter(values).items():
                yield self._value(f"{side}_tokens", token, count)
        for key in self._settings.slice_keys:
            found = collections.Counter(pair.slices[key] for pair in pairs if key in pair.slices)
            for value, count in found.items():
                yield self._value(f"slice {key}", value, count)
        for pair, tokens in zip(pairs, zip(*rows.values(), strict=True), strict=True):
            # No token has a NUL, which cleaning replaces.
            sides_joined = [b"\0".join(side) for side in tokens]
            source_key, pair_key = _hash(sides_joined[0]), _hash(b"\0\0".join(sides_joined))
            yield beam.pvalue.TaggedOutput(SOURCES, (source_key, (self._split, excerpt(pair.source))))
            if len(sides) > 1:
                yield beam.pvalue.TaggedOutput(PAIRS, ((self._split, pair_key), pair.excerpt()))
            self._judge(tally, pair, [len(side) for side in tokens], pair_key)
        yield beam.pvalue.TaggedOutput(TALLIES, (self._split, tally))

    def _value(self, feature: str, value: bytes, count: int) -> beam.pvalue.TaggedOutput:
        return beam.pvalue.TaggedOutput(VALUES, ((self._split, feature, value), count))

    def _judge(self, tally: SplitTally, pair: Pair, lengths: list[int], key: bytes) -> None:
        low, high = min(lengths), max(lengths)
        if low < self._settings.near_empty_tokens:
            tally.near_empty.add(1, key, pair.excerpt())
        if low and high > self._settings.extreme_length_ratio * low:
            tally.extreme_length_ratio.add(1, key, pair.excerpt())


def _hash(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()[:16]
