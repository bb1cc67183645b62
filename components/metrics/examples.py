"""Keeps decoded examples as rows of Parquet, for whoever looks for errors, and for intervals of confidence."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import apache_beam as beam
import pyarrow as pa
import tensorflow_model_analysis as tfma

from components.metrics.buckets import Buckets
from components.metrics.decoded import decoded_example
from components.metrics.example_rows import (
    OF_MODEL,
    PREFIXES,
    REFERENCES_COLUMN,
    SLICES_COLUMN,
    SOURCE_COLUMN,
    schema_of,
    sums_column,
)
from components.metrics.extracts import WAITING, add_slice_features
from components.metrics.tensor_values import texts
from trainer.metrics.statistic import CorpusStatistic
from transform.features import SOURCE


class ToRecord(beam.DoFn):
    """The row of one example's extracts."""

    def __init__(
        self,
        statistics: Mapping[str, CorpusStatistic],
        models: Sequence[str],
        slice_keys: Sequence[str],
        buckets: dict[str, Buckets],
    ):
        """Takes what is to be recorded.

        Args:
          statistics: by the metrics' names.
          models: TFMA's names of candidate and, if there is one, baseline; "" where there is none.
          slice_keys, buckets: as for `add_slice_features`.
        """
        self._statistics = statistics
        self._models = models
        self._slice_keys = slice_keys
        self._buckets = buckets

    @property
    def schema(self) -> pa.Schema:
        """Columns of the rows."""
        return schema_of(list(self._statistics), len(self._models))

    def process(self, extracts: tfma.Extracts):
        inputs = tfma.metrics.StandardMetricInputs(extracts)
        features = add_slice_features(extracts, self._slice_keys, self._buckets)[tfma.FEATURES_KEY]
        row: dict[str, Any] = {
            SOURCE_COLUMN: "".join(texts(extracts.get(WAITING, {}).get(SOURCE))),
            REFERENCES_COLUMN: texts(inputs.get_labels(self._models[0])),
            SLICES_COLUMN: [(key, str(values[0])) for key, values in sorted(features.items())],
        }
        for prefix, model in zip(PREFIXES, self._models, strict=False):
            example = decoded_example(inputs.get_predictions(model), inputs.get_labels(model))
            row |= {f"{prefix}{name}": getattr(example, name) for name in OF_MODEL}
            for metric, statistic in self._statistics.items():
                row[sums_column(prefix, metric)] = [float(each) for each in statistic.of_example(example)]
        yield row


class KeepExamples(beam.PTransform):
    """Writes the rows of all examples, and gives the extracts on as they are."""

    def __init__(self, folder: str, to_record: ToRecord):
        super().__init__()
        self._folder = folder
        self._to_record = to_record

    def expand(self, extracts: beam.PCollection) -> beam.PCollection:
        _ = (
            extracts
            | "ToRecord" >> beam.ParDo(self._to_record)
            | "Write"
            >> beam.io.WriteToParquet(
                os.path.join(self._folder, "part"), self._to_record.schema, file_name_suffix=".parquet"
            )
        )
        return extracts
