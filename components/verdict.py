"""What came of an evaluation: whether the model was blessed, which thresholds it failed, and all figures."""

import dataclasses
import os

import tensorflow as tf
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.writers import eval_config_writer
from tfx.components.evaluator import constants

from components.metrics.confidence import OVERALL, Sureness, read_confidence
from components.metrics.thresholds import failure


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The outcome of an evaluation.

    Attributes:
      blessed: whether every threshold was passed.
      failures: what failed: each one names metric, slice, figure, and the bound, or the blessed model's figure and how
        much worse the model may be.
      metrics: the model's figures by slice (`overall`, `domain:news`, `source_length:1-10`) and metric, in the order
        of the configuration, the values of a slice key in alphabetical order.
      baseline_metrics: the same of the model that it was compared with; empty where there was none.
      sureness: intervals and p-values by slice and metric; of slices with enough examples.
    """

    blessed: bool
    failures: list[str]
    metrics: dict[str, dict[str, float]]
    baseline_metrics: dict[str, dict[str, float]]
    sureness: dict[str, dict[str, Sureness]] = dataclasses.field(default_factory=dict)


def read_verdict(evaluation_uri: str, blessing_uri: str) -> Verdict:
    """Reads what the Evaluator wrote.

    Args:
      evaluation_uri: folder of its evaluation.
      blessing_uri: folder of its blessing.

    Raises:
      OSError: there is no evaluation.
    """
    eval_config = eval_config_writer.load_eval_run(evaluation_uri)[0]
    records = sorted(tfma.load_metrics(evaluation_uri), key=lambda record: _position(record.slice_key, eval_config))
    metrics = {_slice_name(record.slice_key): _figures(record, ("", tfma.CANDIDATE_KEY)) for record in records}
    baseline_metrics = {_slice_name(record.slice_key): _figures(record, (tfma.BASELINE_KEY,)) for record in records}
    baseline_metrics = {name: figures for name, figures in baseline_metrics.items() if figures}
    confidence = read_confidence(evaluation_uri)
    return Verdict(
        blessed=tf.io.gfile.exists(os.path.join(blessing_uri, constants.BLESSED_FILE_NAME)),
        failures=[
            *_failures(tfma.load_validation_result(evaluation_uri), metrics, baseline_metrics),
            *confidence.failures,
        ],
        metrics=metrics,
        baseline_metrics=baseline_metrics,
        sureness=confidence.metrics,
    )


def _failures(
    result: tfma.ValidationResult,
    metrics: dict[str, dict[str, float]],
    baseline_metrics: dict[str, dict[str, float]],
) -> list[str]:
    failures = []
    for validation in result.metric_validations_per_slice:
        slice_name = _slice_name(validation.slice_key)
        for failed in validation.failures:
            metric = failed.metric_key.name
            figure = metrics.get(slice_name, {}).get(metric)
            baseline_figure = baseline_metrics.get(slice_name, {}).get(metric)
            failures.append(f"{metric} ({slice_name}) {failure(failed.metric_threshold, figure, baseline_figure)}")
    if result.missing_slices:
        failures.append("The evaluation split has no examples: there is nothing to measure")
    # One that is not a number fails each threshold of its metric with the same words.
    return list(dict.fromkeys(failures))


def _figures(record: tfma.MetricsForSlice, model_names: tuple[str, ...]) -> dict[str, float]:
    return {
        item.key.name: item.value.double_value.value
        for item in record.metric_keys_and_values
        if item.key.model_name in model_names and not item.key.is_diff
    }


def _slice_name(key) -> str:
    return ", ".join(f"{column}:{value}" for column, value in _columns(key)) or OVERALL


def _position(key, eval_config: config_pb2.EvalConfig) -> tuple[int, list[tuple[str, str]]]:
    """Where a slice stands: in the order of the configuration's slices, and then by its value."""
    columns = _columns(key)
    for index, spec in enumerate(eval_config.slicing_specs):
        names = set(spec.feature_keys) | set(spec.feature_values)
        if names == {column for column, _ in columns} and dict(spec.feature_values).items() <= dict(columns).items():
            return index, columns
    return len(eval_config.slicing_specs), columns


def _columns(key) -> list[tuple[str, str]]:
    return [(single.column, _value(single)) for single in key.single_slice_keys]


def _value(single) -> str:
    # TFMA takes a value that is named in the configuration, as a bucket is, for a number where it looks like one.
    value = getattr(single, single.WhichOneof("kind"))
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)
