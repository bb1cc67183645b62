"""The schema leaves texts free, and gives slice keys the values of the training split."""

import pyarrow as pa
import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_transform.tf_metadata import schema_utils

from components.schema_gen import MAX_DOMAIN_SIZE, infer_text_schema

pytestmark = pytest.mark.tfx


def statistics(kinds, **features):
    """Statistics of an example per kind, or with these features, each a list of values per example."""
    columns = {
        "source": [[f"source {index}"] for index in range(len(kinds))],
        "target": [[f"target {index}"] for index in range(len(kinds))],
        "references": [[f"target {index}"] for index in range(len(kinds))],
        "kind": [[kind] for kind in kinds],
        **features,
    }
    arrays = [
        pa.array(column, pa.list_(pa.float32()))
        if name == "example_weight"
        else pa.array([values and [x.encode() for x in values] for values in column], pa.list_(pa.binary()))
        for name, column in columns.items()
    ]
    batch = pa.RecordBatch.from_arrays(arrays, list(columns))
    return stats_impl.generate_statistics_in_memory(batch, tfdv.StatsOptions())


def anomalous(train, other):
    """Features of `other` that are anomalies to the schema of `train`."""
    return set(tfdv.validate_statistics(other, infer_text_schema(train)).anomaly_info)


def test_texts_have_no_domain_however_few_they_are():
    train = statistics(["a"] * 3, source=[["same"]] * 3, target=[["1"]] * 3)
    schema = infer_text_schema(train)
    assert [domain.name for domain in schema.string_domain] == ["kind"]
    assert anomalous(train, statistics(["a"] * 3, references=[["b", "c"], ["d"], ["e"] * 9])) == set()


@pytest.mark.parametrize("values", [["a", "b"], ["2019", "2020"], ["true", "false"], ["0", "1"], ["", "a"], ["ä 😀"]])
def test_a_value_that_never_occurs_in_train_is_an_anomaly(values):
    train = statistics(values * 50)
    assert anomalous(train, statistics(values[:1] * 9)) == set()
    for unknown in ("c", "2021", "True", values[0] + " "):
        assert anomalous(train, statistics([*values, unknown])) == {"kind"}


def test_a_slice_key_with_more_values_than_a_domain_holds_may_have_any():
    known = [f"value {number}" for number in range(MAX_DOMAIN_SIZE)]
    assert anomalous(statistics(known), statistics(["other"])) == {"kind"}
    assert anomalous(statistics([*known, "one more"]), statistics(["other"])) == set()


@pytest.mark.parametrize("name", ["source", "target", "references", "kind"])
def test_every_feature_must_be_in_every_example(name):
    train = statistics(["a"] * 3)
    assert anomalous(train, statistics(["a"] * 3, **{name: [["a"], None, ["a"]]})) == {name}


@pytest.mark.parametrize("name", ["source", "target", "kind"])
def test_every_feature_but_references_has_one_value(name):
    train = statistics(["a"] * 3)
    assert anomalous(train, statistics(["a"] * 3, **{name: [["a", "a"]] * 3})) == {name}


def test_a_weight_is_one_float_of_any_size():
    train = statistics(["a"] * 3, example_weight=[[0.0], [1.0], [2.5]])
    spec = schema_utils.schema_as_feature_spec(infer_text_schema(train)).feature_spec
    assert spec["example_weight"] == tf.io.FixedLenFeature([1], tf.float32)
    assert anomalous(train, statistics(["a"] * 3, example_weight=[[9e9]] * 3)) == set()
    assert anomalous(train, statistics(["a"] * 3, example_weight=[[1.0], None, [1.0]])) == {"example_weight"}


def test_transform_reads_one_value_as_dense_and_references_as_sparse():
    spec = schema_utils.schema_as_feature_spec(infer_text_schema(statistics(["a"]))).feature_spec
    assert {name: type(feature).__name__ for name, feature in spec.items()} == {
        "source": "FixedLenFeature",
        "target": "FixedLenFeature",
        "kind": "FixedLenFeature",
        "references": "VarLenFeature",
    }
    assert spec["source"].shape == [1]
