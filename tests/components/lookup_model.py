"""A model that answers what it is told to, with all outputs of the contract, and files of examples to ask it for."""

import dataclasses
import pathlib

import tensorflow as tf
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from serving import contract

_SCHEMA = """
feature { name: "source" type: BYTES presence { min_fraction: 1 } shape { dim { size: 1 } } }
feature { name: "references" type: BYTES value_count { min: 1 } presence { min_fraction: 1 } }
"""


@dataclasses.dataclass(frozen=True)
class Row:
    """An example, and what the model answers to it."""

    source: str
    references: list[str]
    hypothesis: str
    target_log_prob: float = -1.0
    target_length: int = 2
    slices: dict[str, str] = dataclasses.field(default_factory=dict)
    log_prob: float = -0.5
    unknown: int = 0


class LookupModel(tf.Module):
    """Looks the answer up by the source."""

    def __init__(self, rows):
        super().__init__()
        places = tf.lookup.KeyValueTensorInitializer(
            tf.constant([row.source for row in rows]), tf.range(len(rows), dtype=tf.int64)
        )
        self._places = tf.lookup.StaticHashTable(places, -1)
        self._hypotheses = tf.constant([row.hypothesis for row in rows])
        self._log_probs = tf.constant([row.log_prob for row in rows], tf.float32)
        self._unknown = tf.constant([row.unknown for row in rows], tf.int64)
        self._target_log_probs = tf.constant([row.target_log_prob for row in rows], tf.float32)
        self._lengths = tf.constant([row.target_length for row in rows], tf.int64)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=contract.EXAMPLES)])
    def serving_examples(self, examples):
        """Answers serialized examples."""
        source = tf.io.parse_example(examples, {"source": tf.io.FixedLenFeature([], tf.string)})["source"]
        places = self._places.lookup(source)
        translation = tf.gather(self._hypotheses, places)
        batch = tf.shape(places)[0]
        return {
            contract.TRANSLATION: translation,
            contract.TRANSLATIONS: translation[:, tf.newaxis],
            contract.LOG_PROBS: tf.gather(self._log_probs, places)[:, tf.newaxis],
            contract.TARGET_LOG_PROB: tf.gather(self._target_log_probs, places),
            contract.TARGET_LENGTH: tf.gather(self._lengths, places),
            contract.SOURCE_UNKNOWN: tf.gather(self._unknown, places),
            contract.TOKENS: tf.fill([batch, 1, 7], "x"),
            contract.ALIGNMENT: tf.zeros([batch, 1, 7, 9]),
        }


def save_model(rows, folder: pathlib.Path) -> pathlib.Path:
    """Saves a model as the Trainer does, below the artifact's folder, which it returns."""
    model = LookupModel(rows)
    signatures = {contract.SERVING_EXAMPLES: model.serving_examples}
    tf.saved_model.save(model, str(folder / "Format-Serving"), signatures=signatures)
    return folder


def write_examples(rows, folder: pathlib.Path) -> pathlib.Path:
    """Writes the split eval as ExampleGen does, below the artifact's folder, which it returns."""
    (folder / "Split-eval").mkdir(parents=True)
    path = folder / "Split-eval" / "data_tfrecord-00000-of-00001.gz"
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for row in rows:
            features = {"source": [row.source], "references": row.references}
            features |= {key: [value] for key, value in row.slices.items()}
            features = {name: _bytes(values) for name, values in features.items()}
            writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
    return folder


def write_schema(slice_keys, folder: pathlib.Path) -> pathlib.Path:
    """Writes a schema as SchemaGen does, into the artifact's folder, which it returns."""
    schema = text_format.Parse(_SCHEMA, schema_pb2.Schema())
    for key in slice_keys:
        schema.feature.add(name=key, type=schema_pb2.BYTES).value_count.min = 1
    folder.mkdir(parents=True)
    (folder / "schema.pbtxt").write_text(text_format.MessageToString(schema), encoding="utf-8")
    return folder


def _bytes(values):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode() for value in values]))
