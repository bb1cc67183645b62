"""TFX's Transform, which writes its examples in shards of bounded size."""

import contextlib
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import pyarrow as pa
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx import types
from tfx.components.transform import component, executor
from tfx.dsl.components.base import executor_spec
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

from components.example_gen.sink import ExampleSink


class Executor(executor.Executor):
    """Executor of components.transform.Transform."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Transforms, as TFX does it."""
        with _our_processor():
            super().Do(input_dict, output_dict, exec_properties)


class Transform(component.Transform):
    """TFX's Transform; of a split there are more files the more examples it has.

    TFX's own has each worker write one file, however large: training then cannot mix the files' examples, and reads
    them one after the other.
    """

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)


class _Processor(executor.TransformProcessor):
    @staticmethod
    @beam.ptransform_fn
    @beam.typehints.with_input_types(tuple[pa.RecordBatch, dict[str, pa.Array]])
    def _EncodeAndWrite(
        batches: beam.PCollection, schema: schema_pb2.Schema, file_format: str, output_path: str
    ) -> beam.pvalue.PDone:
        del file_format
        return batches | "Encode" >> beam.ParDo(_Encode(schema)) | "Write" >> beam.io.Write(ExampleSink(output_path))


class _Encode(beam.DoFn):
    """Batches of transformed examples to lists of serialized tf.Examples."""

    def __init__(self, schema: schema_pb2.Schema):
        self._schema = schema

    def setup(self) -> None:
        self._encoder = RecordBatchToExamplesEncoder(self._schema)

    def process(self, batch: tuple[pa.RecordBatch, dict[str, pa.Array]]) -> Iterator[list[bytes]]:
        examples, _ = batch
        yield self._encoder.encode(examples)


@contextlib.contextmanager
def _our_processor() -> Iterator[None]:
    """Has TFX's executor work with ours: it looks for the class by its name."""
    before = executor.TransformProcessor
    executor.TransformProcessor = _Processor
    try:
        yield
    finally:
        executor.TransformProcessor = before
