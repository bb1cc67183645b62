"""TFX's Evaluator, set up to decode text, measure it per slice, and bless what passes the thresholds."""

import itertools
import json

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2
from tfx import components as tfx_components
from tfx import types
from tfx.dsl.components.base import executor_spec

from components.config.evaluation import EvaluationConfig, ThresholdConfig
from components.evaluator_executor import Executor
from components.metrics import extractors, text_metric
from components.metrics.buckets import LEAST, SOURCE_LENGTH, SOURCE_UNKNOWN, Buckets
from components.metrics.thresholds import to_tfma
from serving import contract
from trainer.metrics.catalog import create_statistic
from trainer.metrics.names import MetricName
from transform.config import TextConfig
from transform.features import REFERENCES

_OVERALL = config_pb2.SlicingSpec()


class Evaluator(tfx_components.Evaluator):
    """TFX's Evaluator; its evaluation also has the decoded examples, and how sure the figures are."""

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)


def create_evaluator(
    config: EvaluationConfig,
    *,
    target: TextConfig,
    examples: types.BaseChannel,
    schema: types.BaseChannel,
    model: types.BaseChannel,
    baseline_model: types.BaseChannel,
    code_version: str,
) -> Evaluator:
    """Creates the Evaluator of one task.

    Args:
      config: what is measured, per which slices, and what must be reached.
      target: how target text becomes tokens.
      examples: raw examples, with the split that is evaluated.
      schema: of the raw examples.
      model: the candidate.
      baseline_model: the model to beat; on a first run its channel is empty, and nothing is compared.
      code_version: fingerprint of the code that runs, for the cache key.
    """
    return Evaluator(
        examples=examples,
        schema=schema,
        model=model,
        baseline_model=baseline_model,
        example_splits=[config.split],
        eval_config=create_eval_config(config, target, code_version),
        module_path=extractors.__name__,
    )


def create_eval_config(config: EvaluationConfig, target: TextConfig, code_version: str) -> config_pb2.EvalConfig:
    """All that TFMA is told. It is recorded with the evaluation and is part of the cache key."""
    model = config_pb2.ModelSpec(
        signature_name=contract.SERVING_EXAMPLES, label_key=REFERENCES, model_type=tfma.TF_GENERIC
    )
    bounds = {SOURCE_LENGTH: config.length_buckets, SOURCE_UNKNOWN: config.unknown_buckets}
    buckets = {name: Buckets(tuple(bounds[name]), least).names for name, least in LEAST.items()}
    slices = [
        _OVERALL,
        *(config_pb2.SlicingSpec(feature_keys=[key]) for key in config.slice_by),
        *(spec for key in buckets for spec in _slices_by([key], buckets)),
        *(spec for pair in config.cross_by for spec in _slices_by(pair, buckets)),
    ]
    metrics = [_metric(name, config, target, code_version) for name in config.metrics]
    return config_pb2.EvalConfig(
        model_specs=[model], slicing_specs=slices, metrics_specs=[config_pb2.MetricsSpec(metrics=metrics)]
    )


def _metric(
    name: MetricName, config: EvaluationConfig, target: TextConfig, code_version: str
) -> config_pb2.MetricConfig:
    settings = {
        "name": name,
        "target": target.model_dump(),
        "code_version": code_version,
        "signature": create_statistic(name, target.unit).signature,
        "calibration": config.calibration.model_dump(),
        "max_p_value": min((each.max_p_value for each in config.thresholds if _asks_for(each, name)), default=None),
    }
    return config_pb2.MetricConfig(
        class_name=text_metric.TextMetric.__name__,
        module=text_metric.__name__,
        config=json.dumps(settings),
        # A plain threshold would be that of every slice.
        per_slice_thresholds=[
            config_pb2.PerSliceMetricThreshold(slicing_specs=[_measured_on(threshold)], threshold=to_tfma(threshold))
            for threshold in config.thresholds
            if threshold.metric == name
        ],
    )


def _measured_on(threshold: ThresholdConfig) -> config_pb2.SlicingSpec:
    return _OVERALL if threshold.each is None else config_pb2.SlicingSpec(feature_keys=[threshold.each])


def _asks_for(threshold: ThresholdConfig, name: MetricName) -> bool:
    return threshold.metric == name and threshold.max_p_value is not None


def _slices_by(keys: list[str], buckets: dict[str, list[str]]) -> list[config_pb2.SlicingSpec]:
    """Slices by all of the keys together; where a key has buckets, those."""
    plain = [key for key in keys if key not in buckets]
    named = [[(key, name) for name in buckets[key]] for key in keys if key in buckets]
    return [
        config_pb2.SlicingSpec(feature_keys=plain, feature_values=dict(pairs)) for pairs in itertools.product(*named)
    ]
