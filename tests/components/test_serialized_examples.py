"""Transformed examples as bytes: what is equal is written in the same way, however the batches fell."""

import itertools
import random

import apache_beam as beam
import pyarrow as pa
import pytest
from apache_beam.testing.util import assert_that, equal_to
from google.protobuf import text_format
from tensorflow.core.example import example_pb2
from tensorflow_metadata.proto.v0 import schema_pb2

from components.serialized_examples import EXAMPLES_AT_ONCE, SerializeExamples, sort_features
from pipeline.generation import direct_runner_arguments
from tests.components.text_data import example

pytestmark = pytest.mark.tfx

SCHEMA = """
    feature { name: "target_ids" type: INT }
    feature { name: "source_ids" type: INT }
    feature { name: "weight" type: FLOAT }
    feature { name: "text" type: BYTES }
"""
ARROW = pa.schema(
    [
        ("target_ids", pa.list_(pa.int64())),
        ("source_ids", pa.list_(pa.int64())),
        ("weight", pa.list_(pa.float32())),
        ("text", pa.list_(pa.binary())),
    ]
)


def features(serialized):
    return example_pb2.Example.FromString(serialized).features


# Lengths of what is read have 1 to 3 bytes.
@pytest.mark.parametrize("ids", [0, 3, 40, 3_000, 300_000])
def test_features_come_in_the_order_of_their_names_whatever_it_was(ids):
    names = ["source_ids", "source_mask", "target_ids", "é", ""]
    values = {name: list(range(len(name), len(name) + ids)) for name in names}
    serialized = example(**values)
    head = serialized.removesuffix(features(serialized).SerializeToString(deterministic=True))
    entries = [features(example(**{name: values[name]})).SerializeToString() for name in names]
    for order in itertools.permutations(entries):
        assert sort_features(head + b"".join(order)) == serialized


@pytest.mark.parametrize("sizes", [[700], [1, 2, 4, 255, 256, 182], [EXAMPLES_AT_ONCE * 2, 700 - EXAMPLES_AT_ONCE * 2]])
def test_the_lists_are_the_same_however_large_the_batches_are(sizes):
    draw = random.Random(1)
    columns = {
        "target_ids": [[draw.randrange(50) for _ in range(4)] for _ in range(700)],
        "source_ids": [[row] for row in range(700)],
        "weight": [[row / 4] for row in range(700)],
        "text": [["Grüße".encode()]] * 700,
    }
    batches, start = [], 0
    for size in sizes:
        rows = {name: values[start : start + size] for name, values in columns.items()}
        batches.append((pa.RecordBatch.from_pydict(rows, schema=ARROW), {}))
        start += size
    rows = [example(**{name: values[row] for name, values in columns.items()}) for row in range(700)]
    expected = [rows[:256], rows[256:512], rows[512:]]
    with beam.Pipeline(argv=direct_runner_arguments()) as pipeline:
        schema = text_format.Parse(SCHEMA, schema_pb2.Schema())
        lists = pipeline | beam.Create([batches]) | beam.FlatMap(list) | beam.ParDo(SerializeExamples(schema))
        assert_that(lists, equal_to(expected))
