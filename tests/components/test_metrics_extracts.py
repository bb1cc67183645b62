"""Little is carried along from the model's answer to the metrics."""

import numpy as np
import pytest
import tensorflow_model_analysis as tfma

from components.metrics.buckets import Buckets
from components.metrics.extracts import KeepWhatMetricsRead, add_slice_features, set_features_aside
from serving import contract

pytestmark = pytest.mark.tfx

ANSWER = {
    contract.TRANSLATION: np.array([b"x", b"y"]),
    contract.LOG_PROBS: np.array([[-0.1], [-0.2]]),
    contract.TARGET_LOG_PROB: np.array([-1.0, -2.0]),
    contract.TARGET_LENGTH: np.array([2, 3]),
    contract.ALIGNMENT: np.zeros((2, 1, 500, 500)),
    contract.TOKENS: np.full((2, 1, 500), b"t"),
}
READ = (contract.TRANSLATION, contract.LOG_PROBS, contract.TARGET_LOG_PROB, contract.TARGET_LENGTH)
BATCH = {
    tfma.INPUT_KEY: np.array([b"serialized", b"examples"]),
    tfma.LABELS_KEY: np.array([b"x", b"y"]),
    tfma.FEATURES_KEY: {
        "source": np.array([b"caf\xc3\xa9", b"tea"]),
        "examples": np.array([b"a", b"b"]),
        "target": np.array([b"x" * 10_000, b"y"]),
    },
}


@pytest.mark.parametrize("several_models", [False, True])
def test_of_the_outputs_only_what_the_metrics_read_is_kept(several_models):
    answer = {tfma.CANDIDATE_KEY: ANSWER, tfma.BASELINE_KEY: ANSWER} if several_models else ANSWER
    step = KeepWhatMetricsRead(several_models)
    step.setup()
    [kept] = step.process({**set_features_aside(BATCH, ["examples"]), tfma.PREDICTIONS_KEY: answer})
    outputs = kept[tfma.PREDICTIONS_KEY]
    for answer in outputs.values() if several_models else [outputs]:
        assert set(answer) == set(READ)
    assert tfma.INPUT_KEY not in kept
    assert "x" * 10_000 not in str(kept)


def test_the_model_sees_no_features_but_the_examples_themselves():
    assert set_features_aside(BATCH, ["examples"])[tfma.FEATURES_KEY] == {}


def test_slice_features_are_text_and_what_is_missing_or_empty_is_left_out():
    batch = set_features_aside(BATCH, ["examples", "missing"])
    example = {
        **{key: value for key, value in batch.items() if key != tfma.INPUT_KEY},
        "waiting_features": {
            "source": np.array(["né".encode()]),
            "domain": np.array([b"news", b""]),
            "year": np.array([1999]),
            "empty": np.array([b""]),
            "bad": np.array([b"\xff"]),
            "none": np.array([]),
        },
        tfma.PREDICTIONS_KEY: {
            tfma.CANDIDATE_KEY: {contract.SOURCE_UNKNOWN: np.array([2])},
            tfma.BASELINE_KEY: {},
        },
    }
    keys = ["domain", "year", "empty", "bad", "none", "missing"]
    buckets = {"source_length": Buckets((2, 4)), "source_unknown": Buckets((0, 1), least=0)}
    features = add_slice_features(example, keys, buckets)[tfma.FEATURES_KEY]
    assert {key: list(values) for key, values in features.items()} == {
        "domain": ["news"],
        "year": ["1999"],
        "bad": ["\ufffd"],
        "source_length": ["1-2"],
        "source_unknown": ["2+"],
    }
