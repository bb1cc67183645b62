"""Reading the transformed pairs of a split: which rows take part, and how many they are."""

import dataclasses
import random
from typing import Literal, NamedTuple

import tensorflow as tf

from transform.features import EXAMPLE_WEIGHT

OnTooLong = Literal["truncate", "drop", "fail"]

# The serialized row, among what is parsed of it. Rows are held back serialized, a fraction of their parsed size.
RECORD = "record"

# Rows counted together.
_ROWS_AT_ONCE = 1024
_FILES_AT_ONCE = 8
_TEXT_FEATURES = ("source_ids", "source_length", "target_input_ids", "target_output_ids", "target_length")
_TOO_LONG = {"source": "source_too_long", "target": "target_too_long"}


@dataclasses.dataclass(frozen=True)
class Pairs:
    """The transformed pairs of one split, on disk.

    Attributes:
        split: Name of the split, for messages.
        patterns: Globs of gzipped TFRecord files of tf.Example.
        feature_spec: Parsing specification of the transformed features.
        source_on_too_long: What becomes of pairs whose source is too long.
        target_on_too_long: The same for the target.
    """

    split: str
    patterns: list[str]
    feature_spec: dict[str, tf.io.FixedLenFeature]
    source_on_too_long: OnTooLong
    target_on_too_long: OnTooLong

    def files(self) -> list[str]:
        """The files, sorted.

        Raises:
            FileNotFoundError: Where a pattern matches none.
        """
        found = []
        for pattern in self.patterns:
            matches = tf.io.gfile.glob(pattern)
            if not matches:
                raise FileNotFoundError(f"{self.split} split: no file matches {pattern}")
            found += matches
        return sorted(found)

    def pools(self, size: int, shuffle: tuple[int, int] | None = None) -> tf.data.Dataset:
        """The rows that take part, still serialized, at most `size` at a time.

        Each pool is a dict of RECORD, string [rows], and source_length and target_length, int64 [rows].

        Args:
            size: Rows read for one pool, those left out included.
            shuffle: None for the order of the files, or (rows to hold while shuffling, seed).
        """
        return self._blocks(_records(self.files(), shuffle), size).map(self._keep)

    def parse(self, records: tf.Tensor) -> dict[str, tf.Tensor]:
        """Serialized rows, string [rows], as tensors: int64 ids [rows, time] padded in full, and lengths [rows].

        EXAMPLE_WEIGHT is float [rows]; it is 1 where the pairs have no weights.
        """
        spec = {name: self.feature_spec[name] for name in _TEXT_FEATURES}
        if EXAMPLE_WEIGHT in self.feature_spec:
            return _parse(records, {**spec, EXAMPLE_WEIGHT: self.feature_spec[EXAMPLE_WEIGHT]})
        return {**_parse(records, spec), EXAMPLE_WEIGHT: tf.ones(tf.shape(records)[:1])}

    def survey(self) -> "Survey":
        """Reads all rows once and counts them.

        Raises:
            ValueError: Where no row takes part, or where a side is too long and the configuration says fail.
        """
        zero = dict.fromkeys((*Survey._fields, *_TOO_LONG), tf.constant(0, tf.int64))

        def add(totals, rows):
            kept = self._keep(rows)
            found = {
                "pairs": tf.size(kept["target_length"], tf.int64),
                "left_out": tf.size(rows["target_length"], tf.int64) - tf.size(kept["target_length"], tf.int64),
                "target_tokens": tf.reduce_sum(kept["target_length"]),
                **{side: tf.reduce_sum(rows[flag]) for side, flag in _TOO_LONG.items()},
            }
            return {key: totals[key] + found[key] for key in totals}

        totals = self._blocks(_records(self.files(), None), _ROWS_AT_ONCE).reduce(zero, add)
        counts = {key: int(value) for key, value in totals.items()}
        for side, on_too_long in (("source", self.source_on_too_long), ("target", self.target_on_too_long)):
            if on_too_long == "fail" and counts[side]:
                raise ValueError(
                    f"{self.split} split: {counts[side]} pairs have a {side} longer than {side}.max_length, and"
                    f" {side}.on_too_long is fail; allow for them with a larger {side}.max_length, truncate or drop"
                )
        survey = Survey(*(counts[field] for field in Survey._fields))
        if not survey.pairs:
            raise ValueError(
                f"{self.split} split: no pair is left ({survey.left_out} left out as too long) in {self.patterns}"
            )
        return survey

    def _blocks(self, records: tf.data.Dataset, size: int) -> tf.data.Dataset:
        """Blocks of `size` rows: dicts of RECORD string [rows], the lengths and the flags int64 [rows]."""
        spec = {name: self.feature_spec[name] for name in ("source_length", "target_length", *_TOO_LONG.values())}
        return records.batch(size).map(lambda block: {RECORD: block, **_parse(block, spec)})

    def _keep(self, rows: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """The rows that take part, without the flags."""
        dropped = tf.zeros_like(rows["source_too_long"])
        if self.source_on_too_long == "drop":
            dropped += rows["source_too_long"]
        if self.target_on_too_long == "drop":
            dropped += rows["target_too_long"]
        return {
            name: tf.boolean_mask(value, dropped == 0) for name, value in rows.items() if name not in _TOO_LONG.values()
        }


class Survey(NamedTuple):
    """How much there is in a split.

    Attributes:
        pairs: Pairs that take part.
        left_out: Pairs left out because a side is too long.
        target_tokens: Tokens of the targets that take part, end tokens included.
    """

    pairs: int
    left_out: int
    target_tokens: int


def _parse(records: tf.Tensor, spec: dict[str, tf.io.FixedLenFeature]) -> dict[str, tf.Tensor]:
    parsed = tf.io.parse_example(records, spec)
    return {name: value if name.endswith("_ids") else tf.squeeze(value, 1) for name, value in parsed.items()}


def _records(files: list[str], shuffle: tuple[int, int] | None) -> tf.data.Dataset:
    if shuffle is None:
        return tf.data.TFRecordDataset(files, "GZIP")
    buffer, seed = shuffle
    files = random.Random(seed).sample(files, len(files))
    return (
        tf.data.Dataset.from_tensor_slices(files)
        .interleave(lambda file: tf.data.TFRecordDataset(file, "GZIP"), cycle_length=min(len(files), _FILES_AT_ONCE))
        .shuffle(buffer, seed=seed, reshuffle_each_iteration=False)
    )
