"""Real examples to ask a server for: some tens out of a split, from the shortest source to the longest."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from transform.features import SOURCE, TARGET

# Of a large split the first so many are looked at.
_MOST_READ = 10_000


@dataclasses.dataclass(frozen=True)
class Sample:
    """Examples, the shortest source first."""

    records: tuple[bytes, ...]  # serialized tf.Examples
    sources: tuple[bytes, ...]  # UTF-8
    targets: tuple[bytes, ...]  # UTF-8

    def batches(self, size: int) -> Iterator["Sample"]:
        """The sample in parts of so many examples; the last one may be smaller."""
        for start in range(0, len(self.records), size):
            part = slice(start, start + size)
            yield Sample(self.records[part], self.sources[part], self.targets[part])


def read_sample(paths: Sequence[str], count: int) -> Sample:
    """Picks examples of evenly spread lengths.

    Args:
      paths: gzipped TFRecord files of raw tf.Examples.
      count: how many; where there are fewer, all are taken.

    Raises:
      ValueError: there is no example.
    """
    records = list(tf.data.TFRecordDataset(list(paths), "GZIP").take(_MOST_READ).as_numpy_iterator())
    if not records:
        raise ValueError(f"there is no example to ask the model for in {', '.join(paths) or 'the split'}")
    records.sort(key=lambda record: (len(_text(record, SOURCE)), record))
    places = np.unique(np.linspace(0, len(records) - 1, min(count, len(records))).astype(int))
    picked = [records[place] for place in places]
    return Sample(
        records=tuple(picked),
        sources=tuple(_text(record, SOURCE) for record in picked),
        targets=tuple(_text(record, TARGET) for record in picked),
    )


def _text(record: bytes, feature: str) -> bytes:
    values = tf.train.Example.FromString(record).features.feature[feature].bytes_list.value
    return values[0] if values else b""
