"""Files of pairs in every format, and configurations that read them."""

import csv
import gzip
import io
import json

import tensorflow as tf

from components.config.data import DataConfig
from components.example_gen.reader import read_rows

# Pairs that are hard to carry: right to left, emoji of several code points, combining marks, separators of lines
# that end none, a lone carriage return, 10,000 characters, quotes, commas.
HARD_PAIRS = [
    ("plain", "einfach"),
    ("שלום עולם", "مرحبا بالعالم"),
    ("👩‍👩‍👧 🇩🇪", "😀"),
    ("e\u0301 und \u00e9", "n\u0303"),
    ("a\u2028b\u2029c\x85d\x0be\x1cf", "x\u2028y"),
    ("lone\rreturn", "\rx\ry"),
    ("猫" * 10_000, "ж" * 10_000),
    ('say "hi", twice', '""'),
    ("  spaces kept ", "\u200b"),
    ("\ufffd \uffff \U0010ffff", "\ufeffnot at the start"),
]


def data_config(base="anywhere", **settings):
    """A configuration with inputs for train and eval where none are given."""
    splits = {"train": 1, "eval": 1}
    target = {"target_pattern": "*.tgt"} if settings.get("format") == "aligned" else {}
    return DataConfig(base=str(base), **{"inputs": [{"pattern": "*", "splits": splits, **target}], **settings})


def touch(folder, *names):
    """Makes empty files, and the folders that they are in."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def read(folder, content, *further_contents, name="pairs", further_references=False, **settings):
    """Rows of files with these contents: bytes."""
    data = data_config(folder, **settings)
    entry = data.inputs[0].model_copy(update={"further_references": further_references})
    paths = []
    for number, part in enumerate((content, *further_contents)):
        path = folder / f"{number}-{name}"
        path.write_bytes(gzip.compress(part) if name.endswith(".gz") else part)
        paths.append(str(path))
    return list(read_rows(paths, data, entry))


def tsv(rows):
    """Content of a TSV file."""
    return "".join("\t".join(row) + "\n" for row in rows).encode()


def comma_separated(rows):
    """Content of a CSV file, as Python's csv module writes it."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


def json_lines(objects, **options):
    """Content of a JSONL file."""
    return "".join(json.dumps(entry, **options) + "\n" for entry in objects).encode()


def example(**features):
    """A serialized tf.Example of lists of bytes, whole numbers, floats or texts."""
    message = tf.train.Example()
    for name, values in features.items():
        feature = message.features.feature[name]
        if values and isinstance(values[0], int):
            feature.int64_list.value.extend(values)
        elif values and isinstance(values[0], float):
            feature.float_list.value.extend(values)
        else:
            feature.bytes_list.value.extend(x.encode() if isinstance(x, str) else x for x in values)
    # Names of tests come of it, and must be the same in every process.
    return message.SerializeToString(deterministic=True)


def tf_record(folder, records):
    """Content of a TFRecord file, as TensorFlow writes it."""
    path = folder / "written.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    content = path.read_bytes()
    path.unlink()
    return content


def read_examples(paths):
    """Features of gzipped TFRecord files, read by TensorFlow, as dictionaries of lists of texts or floats."""
    dataset = tf.data.TFRecordDataset(sorted(map(str, paths)), compression_type="GZIP")
    examples = map(tf.train.Example.FromString, dataset.as_numpy_iterator())
    return [
        {
            name: [value.decode() for value in feature.bytes_list.value] or list(feature.float_list.value)
            for name, feature in x.features.feature.items()
        }
        for x in examples
    ]
