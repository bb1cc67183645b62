"""Pairs out of the files that ExampleGen writes."""

import functools
import os
from collections.abc import Iterator, Sequence

import tensorflow as tf

from components.data_profile.batch import PairSource
from components.data_profile.tally import Pair
from components.example_gen.files import find_files
from transform.features import SOURCE, TARGET

# Examples that are parsed at once.
_PARSED = 1024


def source_of_examples(folder: str, slice_keys: Sequence[str]) -> PairSource:
    """The pairs of a split: a source with its first reference, out of gzipped TFRecord files in a folder."""
    paths = [file.path for file in find_files(os.path.join(folder, "*"))]
    return PairSource(paths, functools.partial(_read, slice_keys=list(slice_keys)))


def _read(path: str, slice_keys: list[str]) -> Iterator[Pair]:
    features = {name: tf.io.FixedLenFeature([], tf.string) for name in (SOURCE, TARGET, *slice_keys)}
    for examples in tf.data.TFRecordDataset(path, "GZIP").batch(_PARSED):
        parsed = {name: texts.numpy().tolist() for name, texts in tf.io.parse_example(examples, features).items()}
        for source, target, *slices in zip(*(parsed[name] for name in features), strict=True):
            yield Pair(source, target, dict(zip(slice_keys, slices, strict=True)))
