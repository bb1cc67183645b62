"""preprocessing_fn on Beam: features, vocabularies, and that serving makes the same ids of the same text."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils

from transform.config import TextConfig
from transform.preprocessing import preprocessing_fn
from transform.text import TextProcessor

pytestmark = pytest.mark.tfx

SPECIAL = ["<pad>", "<unk>", "<s>", "</s>"]
NASTY = [
    ("a b", "a"),
    (" \t two  spaces\u3000", "Ünï"),
    ("E\u0301te\u0301", "\u1112\u1161\u11ab 한"),
    ("</s> <s> <pad> <unk>", "</s>"),
    ("q\u0307\u0323 \u0f71\u0f72", "ﬁ\u00a0№ ℌ"),
    ("\u200bzero\u200dwidth\ufeff", "👩‍👩‍👧 ❤️"),
    ("नमस्ते ज़रा", "السَّلَامُ"),
    ("ΟΔΥΣΣΕΥΣ İ", "don't (stop)! ￭ ▁"),
    ("\U0001d400\ue000\ufffd", "\x1f\x7f\x85x"),
    ("long " * 30, "x!" * 99),
]


def transform(rows, folder, spec=None, more_rows=(), **custom_config):
    """Analyzes and transforms rows of (source, target), and raw ones; returns the transformed rows and the output."""
    custom_config = {"shared_vocabulary": False, **custom_config}
    for side in ("source", "target"):
        custom_config[side] = custom_config.get(side, TextConfig()).model_dump()
    spec = spec or {
        "source": tf.io.FixedLenFeature([1], tf.string),
        "target": tf.io.FixedLenFeature([1], tf.string),
        "references": tf.io.VarLenFeature(tf.string),
        "domain": tf.io.FixedLenFeature([1], tf.string),
    }
    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(spec))
    data = [
        {
            name: value
            for name, value in {
                "source": [source.encode()],
                "target": [target.encode()],
                "references": [target.encode(), b"more"],
                "domain": [b"d"],
            }.items()
            if name in spec
        }
        for source, target in rows
    ] + list(more_rows)
    with tft_beam.Context(temp_dir=str(folder / "temporary")):
        (transformed, _), function = (data, metadata) | tft_beam.AnalyzeAndTransformDataset(
            lambda inputs: preprocessing_fn(inputs, custom_config)
        )
        function | tft_beam.WriteTransformFn(str(folder / "output"))
    return transformed, tft.TFTransformOutput(str(folder / "output"))


def vocabulary(output, name):
    return pathlib.Path(output.vocabulary_file_by_name(name)).read_bytes().decode().split("\n")[:-1]


def as_lists(rows):
    return [{name: value.tolist() for name, value in row.items()} for row in rows]


def test_the_features_of_a_tiny_corpus(tmp_path):
    rows, output = transform(
        [("b a b ", "x y"), ("ab", "y z z")],
        tmp_path,
        source=TextConfig(max_length=6),
        target=TextConfig(unit="space", max_length=2, on_too_long="truncate"),
    )
    # By frequency, and then from the last to the first; the second z is cut off.
    assert vocabulary(output, "source_vocabulary") == [*SPECIAL, "b", " ", "a"]
    assert vocabulary(output, "target_vocabulary") == [*SPECIAL, "y", "z", "x"]
    assert as_lists(rows) == [
        {
            "source_ids": [4, 5, 6, 5, 4, 5, 3],
            "source_mask": [1, 1, 1, 1, 1, 1, 1],
            "source_length": [7],
            "source_too_long": [0],
            "target_input_ids": [2, 6, 4],
            "target_output_ids": [6, 4, 3],
            "target_mask": [1, 1, 1],
            "target_length": [3],
            "target_too_long": [0],
        },
        {
            "source_ids": [6, 4, 3, 0, 0, 0, 0],
            "source_mask": [1, 1, 1, 0, 0, 0, 0],
            "source_length": [3],
            "source_too_long": [0],
            "target_input_ids": [2, 4, 5],
            "target_output_ids": [4, 5, 3],
            "target_mask": [1, 1, 1],
            "target_length": [3],
            "target_too_long": [1],
        },
    ]
    spec = output.transformed_feature_spec()
    assert spec == {name: tf.io.FixedLenFeature([value.size], tf.int64) for name, value in rows[0].items()}


def test_a_weight_goes_through_as_it_is(tmp_path):
    texts = {"source": tf.io.FixedLenFeature([1], tf.string), "target": tf.io.FixedLenFeature([1], tf.string)}
    rows, output = transform(
        [],
        tmp_path,
        spec={**texts, "example_weight": tf.io.FixedLenFeature([1], tf.float32)},
        more_rows=[{"source": [b"a"], "target": [b"b"], "example_weight": [weight]} for weight in (0.0, 2.5)],
    )
    assert [row["example_weight"].tolist() for row in rows] == [[0.0], [2.5]]
    assert output.transformed_feature_spec()["example_weight"] == tf.io.FixedLenFeature([1], tf.float32)


def test_pairs_to_drop_are_flagged_and_leave_no_trace_in_the_vocabularies(tmp_path):
    rows, output = transform(
        [("ab", "x"), ("abc", "y"), ("a", "xyz"), ("b", "y")],
        tmp_path,
        source=TextConfig(max_length=2, on_too_long="drop", vocabulary_size=1),
        target=TextConfig(max_length=2, on_too_long="truncate", min_count=2),
    )
    assert [row["source_too_long"].tolist() for row in rows] == [[0], [1], [0], [0]]
    assert [row["target_too_long"].tolist() for row in rows] == [[0], [0], [1], [0]]
    assert vocabulary(output, "source_vocabulary") == [*SPECIAL, "b"]
    assert vocabulary(output, "target_vocabulary") == [*SPECIAL, "y", "x"]


def test_a_text_that_is_too_long_stops_the_run_where_asked_to(tmp_path):
    with pytest.raises(Exception, match=r"target\.max_length is 2 and target\.on_too_long is fail") as error:
        transform([("a", "ab"), ("a", "über")], tmp_path, target=TextConfig(max_length=2, on_too_long="fail"))
    assert "[4]" in str(error.value)
    assert "über" in str(error.value) or r"\303\274ber" in str(error.value)


def test_a_shared_vocabulary_is_of_both_sides_and_a_missing_text_is_empty(tmp_path):
    rows, output = transform(
        [("ab", "bc")],
        tmp_path,
        # Features that the schema does not require.
        spec={"source": tf.io.VarLenFeature(tf.string), "target": tf.io.VarLenFeature(tf.string)},
        more_rows=[{"source": [], "target": [b"b"]}],
        shared_vocabulary=True,
    )
    assert vocabulary(output, "shared_vocabulary") == [*SPECIAL, "b", "c", "a"]
    assert output.vocabulary_file_by_name("source_vocabulary") is None
    assert [row["source_ids"][:3].tolist() for row in rows] == [[6, 4, 3], [3, 0, 0]]
    assert [row["target_output_ids"][:3].tolist() for row in rows] == [[4, 5, 3], [4, 3, 0]]


@pytest.mark.parametrize("key", ["unit", "vocabulary_size", "min_count"])
def test_sides_that_share_a_vocabulary_agree(key):
    theirs = TextConfig(**{key: {"unit": "word"}.get(key, 7)})
    config = {"source": TextConfig().model_dump(), "target": theirs.model_dump(), "shared_vocabulary": True}
    inputs = {"source": tf.constant([["a"]]), "target": tf.constant([["a"]])}
    with pytest.raises(ValueError, match=rf"source\.{key} is .* and target\.{key} is"):
        preprocessing_fn(inputs, config)


@pytest.mark.parametrize(("source_unit", "target_unit"), [("char", "word"), ("space", "subword")])
def test_ids_are_those_that_serving_makes_of_the_text(source_unit, target_unit, tmp_path):
    settings = {"max_length": 12, "on_too_long": "truncate"}
    source = TextConfig(unit=source_unit, min_count=2, **settings)
    target = TextConfig(unit=target_unit, normalization="nfkc", lowercase=True, **settings)
    texts = [*NASTY, *((f"{source} {source}", target) for source, target in NASTY[::2])]
    rows, output = transform(texts, tmp_path, source=source, target=target)
    source_text = TextProcessor(source, output.vocabulary_file_by_name("source_vocabulary"))
    target_text = TextProcessor(target, output.vocabulary_file_by_name("target_vocabulary"))
    served = source_text.source(tf.constant([source for source, _ in texts]))
    forced = target_text.target(tf.constant([target for _, target in texts]))
    for name, expected in {
        "source_ids": served.ids,
        "source_length": served.length[:, tf.newaxis],
        "target_input_ids": forced.input_ids,
        "target_output_ids": forced.output_ids,
        "target_length": forced.length[:, tf.newaxis],
    }.items():
        # Some text is as long as allowed, so that serving pads to the same length.
        assert np.array_equal(expected, [row[name] for row in rows]), name
    assert {1, 3} < set(served.ids.numpy().ravel())
