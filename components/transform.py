"""TFX's Transform, which writes its examples in shards of bounded size, and counts no span of a window twice."""

import contextlib
import functools
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
import pyarrow as pa
import tensorflow as tf
from apache_beam.pipeline import AppliedPTransform
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.beam.analyzer_cache import DatasetKey
from tfx import types
from tfx.components.transform import component, executor, labels
from tfx.dsl.components.base import executor_spec
from tfx.types import artifact_utils, standard_component_specs

from components.analyzer_cache import AnalyzerCache, analysis_keys
from components.example_gen.parts import read_parts
from components.example_gen.sink import ExampleSink
from components.serialized_examples import SerializeExamples

_LOGGER = logging.getLogger("seq2seq.transform")


class Executor(executor.Executor):
    """Executor of components.transform.Transform."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Transforms, as TFX does it; `analyzer_cache` of custom_config is the folder of what the analysis leaves."""
        settings = json.loads(exec_properties[standard_component_specs.CUSTOM_CONFIG_KEY])
        place = settings.pop("analyzer_cache", None)
        cache, keys = None, {}
        if place:
            examples = artifact_utils.get_single_uri(input_dict[standard_component_specs.EXAMPLES_KEY])
            cache, keys = AnalyzerCache(place), analysis_keys(read_parts(examples), settings)
        with _our_processor(cache, keys), _inputs_read_twice():
            super().Do(input_dict, output_dict, exec_properties)


class Transform(component.Transform):
    """TFX's Transform; of a split there are more files the more examples it has.

    TFX's own has each worker write one file, however large: training then cannot mix the files' examples, and reads
    them one after the other. TFX's own cache of the analysis is an artifact, and goes by that of the examples, which is
    another one with each window; this one goes by what the examples of each span are.
    """

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)


class _Processor(executor.TransformProcessor):
    """TFX's, which has the analysis of each part of the training split done apart, where there is a cache of it.

    Args:
      cache: what is known from earlier runs; None: all is analyzed together.
      keys: of the entries in the cache, by the patterns of the parts' files.
    """

    def __init__(self, cache: AnalyzerCache | None, keys: Mapping[str, str]):
        super().__init__()
        self._cache = cache
        self._keys = keys

    def Transform(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any], status_file: str | None = None) -> None:
        if not self._cache or not self._keys:
            super().Transform(inputs, outputs, status_file)
            return
        known_folder, found_folder = (f"{outputs[labels.TEMP_OUTPUT_LABEL]}/{name}" for name in ("known", "found"))
        known = self._cache.unpack(self._keys.values(), known_folder)
        _LOGGER.info(
            "%d of the %d parts of the training split are known, and not analyzed again", len(known), len(self._keys)
        )
        [file_format] = set(inputs[labels.ANALYZE_PATHS_FILE_FORMATS_LABEL])
        by_part = {
            labels.ANALYZE_DATA_PATHS_LABEL: list(self._keys),
            labels.ANALYZE_PATHS_FILE_FORMATS_LABEL: [file_format] * len(self._keys),
            labels.CACHE_INPUT_PATH_LABEL: known_folder,
        }
        super().Transform({**inputs, **by_part}, {**outputs, labels.CACHE_OUTPUT_PATH_LABEL: found_folder}, status_file)
        try:
            self._cache.pack(set(self._keys.values()) - known, found_folder)
            self._cache.keep(self._keys.values())
        except (OSError, tf.errors.OpError) as error:
            _LOGGER.warning("what was analyzed is not kept for later runs: %s", error)

    def _MakeDatasetList(self, *arguments: Any, **further: Any) -> list[Any]:
        """TFX's own, with our keys in the place of those that are made of the files' names."""
        datasets = super()._MakeDatasetList(*arguments, **further)
        for dataset in datasets:
            if dataset.file_pattern in self._keys:
                dataset.dataset_key = DatasetKey(self._keys[dataset.file_pattern])
        return datasets

    def _JoinUncachedDatasets(
        self, analyze_data_list: Sequence[Any], optimized_analyze_data_dict: dict[DatasetKey, Any], *arguments: Any
    ) -> tuple[list[Any], dict[DatasetKey, Any]]:
        """TFX's own, without what is known: TFX would have it read, and nothing made of it."""
        needed = [
            dataset
            for dataset in analyze_data_list
            if optimized_analyze_data_dict.get(dataset.dataset_key, dataset) is not None
        ]
        return super()._JoinUncachedDatasets(needed, optimized_analyze_data_dict, *arguments)

    @staticmethod
    @beam.ptransform_fn
    @beam.typehints.with_input_types(tuple[pa.RecordBatch, dict[str, pa.Array]])
    def _EncodeAndWrite(
        batches: beam.PCollection, schema: schema_pb2.Schema, file_format: str, output_path: str
    ) -> beam.pvalue.PDone:
        del file_format
        return (
            batches
            | "Serialize" >> beam.ParDo(SerializeExamples(schema))
            | "Write" >> beam.io.Write(ExampleSink(output_path))
        )


@contextlib.contextmanager
def _our_processor(cache: AnalyzerCache | None, keys: Mapping[str, str]) -> Iterator[None]:
    """Has TFX's executor work with ours: it looks for the class by its name."""
    before = executor.TransformProcessor
    executor.TransformProcessor = functools.partial(_Processor, cache, keys)
    try:
        yield
    finally:
        executor.TransformProcessor = before


@contextlib.contextmanager
def _inputs_read_twice() -> Iterator[None]:
    """Has TFT make copies of what is read for a second analysis, as of tokens where the other side has subwords.

    TFT 1.16 makes them without two arguments that Beam wants since; later ones give them.
    """
    initializer = AppliedPTransform.__init__
    before = initializer.__defaults__
    # An environment and annotations.
    initializer.__defaults__ = (None, None)
    try:
        yield
    finally:
        initializer.__defaults__ = before
