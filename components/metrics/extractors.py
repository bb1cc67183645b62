"""What TFX's Evaluator asks for how examples are read, decoded and sliced. No classes: TFX reloads this module."""

from typing import Any

import apache_beam as beam
import tensorflow_model_analysis as tfma

from components.metrics.extracts import KeepWhatMetricsRead, add_slice_features, cut_batch, set_features_aside
from components.metrics.length_buckets import SOURCE_LENGTH, LengthBuckets


def custom_extractors(
    eval_shared_model: Any, eval_config: tfma.EvalConfig, tensor_adapter_config: Any
) -> list[tfma.extractors.Extractor]:
    """TFMA's own extractors, with batches made for decoding, without outputs that no metric reads, and with buckets.

    Args:
      eval_shared_model: the model, or candidate and baseline.
      eval_config: its slices by SOURCE_LENGTH name the buckets.
      tensor_adapter_config: how features become tensors, by the schema.
    """
    slice_keys = [key for spec in eval_config.slicing_specs for key in spec.feature_keys]
    bucket_specs = [spec.feature_values for spec in eval_config.slicing_specs if SOURCE_LENGTH in spec.feature_values]
    buckets = LengthBuckets.from_names(values[SOURCE_LENGTH] for values in bucket_specs)
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
        _extractor("AddSliceFeatures", beam.Map(add_slice_features, slice_keys, buckets)),
        tfma.extractors.SliceKeyExtractor(eval_config=eval_config, materialize=False),
    ]


def _extractor(name: str, transform: beam.PTransform) -> tfma.extractors.Extractor:
    return tfma.extractors.Extractor(stage_name=name, ptransform=transform)
