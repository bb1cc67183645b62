"""What TFMA's extracts and configuration say, in this project's terms."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from tensorflow_model_analysis.proto import config_pb2

from components.metrics.confidence import Slicing
from components.metrics.tensor_values import text, texts
from serving import contract
from trainer.metrics.statistic import DecodedExample


def decoded_example(outputs: Mapping[str, Any], labels: Any) -> DecodedExample:
    """What a model made of one example.

    Args:
      outputs: the model's TRANSLATION, LOG_PROBS, TARGET_LOG_PROB and TARGET_LENGTH.
      labels: the references.

    Raises:
      ValueError: the example has no references.
    """
    references = texts(labels)
    if not references:
        raise ValueError("an example of the evaluation split has no references to be measured against")
    return DecodedExample(
        hypothesis=text(outputs[contract.TRANSLATION]),
        references=references,
        log_prob=np.ravel(outputs[contract.LOG_PROBS])[0].item(),
        target_log_prob=np.asarray(outputs[contract.TARGET_LOG_PROB]).item(),
        target_length=np.asarray(outputs[contract.TARGET_LENGTH]).item(),
    )


def recorded_metrics(eval_config: config_pb2.EvalConfig) -> list[dict[str, Any]]:
    """The settings of each metric, in order, as the configuration records them for TextMetric."""
    return [json.loads(metric.config) for spec in eval_config.metrics_specs for metric in spec.metrics]


def recorded_slicings(eval_config: config_pb2.EvalConfig) -> list[Slicing]:
    """How slices are made, in order."""
    return [
        Slicing((*spec.feature_keys, *spec.feature_values), dict(spec.feature_values))
        for spec in eval_config.slicing_specs
    ]
