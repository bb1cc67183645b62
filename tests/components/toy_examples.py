"""Raw examples for the model of tests.trainer.toy_export: sources of all lengths, some with unknown letters."""

import random

import tensorflow as tf

from tests.trainer.toy_export import SOURCE_LETTERS, TARGET_LETTERS


def _texts():
    draw = random.Random(7)
    for index in range(60):
        letters = SOURCE_LETTERS + ("Z日🙂" if index % 5 == 0 else "")
        source = "".join(draw.choices(letters, k=draw.randint(1, 16)))
        yield source, " ".join(draw.choices(TARGET_LETTERS, k=draw.randint(1, 12)))


PAIRS = list(dict(_texts()).items())
SOURCES = [source.encode() for source, _ in PAIRS]


def write_split(folder):
    """Writes PAIRS as ExampleGen does; returns the file's path as text."""
    folder.mkdir(parents=True, exist_ok=True)
    path = str(folder / "data_tfrecord-00000-of-00001.gz")
    with tf.io.TFRecordWriter(path, "GZIP") as writer:
        for source, target in PAIRS:
            features = {"source": _bytes(source), "target": _bytes(target), "references": _bytes(target)}
            writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
    return path


def _bytes(text):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()]))
