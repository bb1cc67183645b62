"""What TFX's Evaluator asks for how examples are read, decoded and sliced. No classes: TFX reloads this module."""

from typing import Any

import apache_beam as beam
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2

from components.metrics.buckets import LEAST, Buckets
from components.metrics.decoded import recorded_metrics
from components.metrics.examples import KeepExamples, ToRecord
from components.metrics.extracts import KeepWhatMetricsRead, add_slice_features, cut_batch, set_features_aside
from trainer.metrics.catalog import create_statistic


def custom_extractors(
    eval_shared_model: Any, eval_config: config_pb2.EvalConfig, tensor_adapter_config: Any
) -> list[tfma.extractors.Extractor]:
    """TFMA's own extractors, with batches made for decoding, without outputs that no metric reads, and with buckets.

    Each example is kept as a row of Parquet, where the first metric names a folder for that.

    Args:
      eval_shared_model: the model, or candidate and baseline.
      eval_config: its slices by SOURCE_LENGTH and SOURCE_UNKNOWN name the buckets.
      tensor_adapter_config: how features become tensors, by the schema.
    """
    slice_keys = sorted({key for spec in eval_config.slicing_specs for key in spec.feature_keys})
    buckets = {
        # Crosses have the buckets once more.
        key: Buckets.from_names(
            dict.fromkeys(s.feature_values[key] for s in eval_config.slicing_specs if key in s.feature_values), least
        )
        for key, least in LEAST.items()
    }
    representations = tensor_adapter_config.tensor_representations if tensor_adapter_config else None
    several_models = len(eval_config.model_specs) > 1
    return [
        _extractor("CutBatches", beam.FlatMap(cut_batch)),
        tfma.extractors.FeaturesExtractor(eval_config, representations),
        tfma.extractors.LabelsExtractor(eval_config),
        _extractor("SetFeaturesAside", beam.Map(set_features_aside, slice_keys)),
        tfma.extractors.PredictionsExtractor(eval_config, eval_shared_model),
        _extractor("KeepWhatMetricsRead", beam.ParDo(KeepWhatMetricsRead(several_models))),
        tfma.extractors.UnbatchExtractor(),
        *_keep(eval_config, slice_keys, buckets),
        _extractor("AddSliceFeatures", beam.Map(add_slice_features, slice_keys, buckets)),
        tfma.extractors.SliceKeyExtractor(eval_config=eval_config, materialize=False),
    ]


def _keep(
    eval_config: config_pb2.EvalConfig, slice_keys: list[str], buckets: dict[str, Buckets]
) -> list[tfma.extractors.Extractor]:
    metrics = recorded_metrics(eval_config)
    if not metrics[0].get("examples_folder"):
        return []
    baselines = [spec.name for spec in eval_config.model_specs if spec.is_baseline]
    candidates = [spec.name for spec in eval_config.model_specs if not spec.is_baseline] if baselines else [""]
    to_record = ToRecord(
        statistics={metric["name"]: create_statistic(metric["name"], metric["target"]["unit"]) for metric in metrics},
        models=[*candidates, *baselines],
        slice_keys=slice_keys,
        buckets=buckets,
    )
    return [_extractor("KeepExamples", KeepExamples(metrics[0]["examples_folder"], to_record))]


def _extractor(name: str, transform: beam.PTransform) -> tfma.extractors.Extractor:
    return tfma.extractors.Extractor(stage_name=name, ptransform=transform)
