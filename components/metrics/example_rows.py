"""Rows of decoded examples in Parquet: their columns, and how they are read."""

import os
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystems import FileSystems

# Below the folder of the evaluation.
FOLDER = "examples"

SOURCE_COLUMN, REFERENCES_COLUMN, SLICES_COLUMN = "source", "references", "slices"

# Columns of a model have one of these before their names; the second is the model that it is compared with.
PREFIXES = ("", "baseline_")
OF_MODEL = {
    "hypothesis": pa.string(),
    "log_prob": pa.float64(),
    "target_log_prob": pa.float64(),
    "target_length": pa.int64(),
}


def sums_column(prefix: str, metric: str) -> str:
    """Name of the column of what an example adds to a metric's sums."""
    return f"{prefix}sums_{metric}"


def schema_of(metrics: Sequence[str], models: int) -> pa.Schema:
    """Columns of the rows: those of the example, and then those of each model."""
    columns = {
        SOURCE_COLUMN: pa.string(),
        REFERENCES_COLUMN: pa.list_(pa.string()),
        SLICES_COLUMN: pa.map_(pa.string(), pa.string()),
    }
    for prefix in PREFIXES[:models]:
        columns |= {f"{prefix}{name}": kind for name, kind in OF_MODEL.items()}
        columns |= {sums_column(prefix, metric): pa.list_(pa.float64()) for metric in metrics}
    return pa.schema(list(columns.items()))


def read_examples(evaluation_uri: str, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of an evaluation.

    Args:
      evaluation_uri: folder of the evaluation.
      columns: those to read; None: all.

    Raises:
      FileNotFoundError: it has kept none.
    """
    [match] = FileSystems.match([os.path.join(evaluation_uri, FOLDER, "*.parquet")])
    if not match.metadata_list:
        raise FileNotFoundError(f"{evaluation_uri} has no examples: the model was evaluated before these were kept")
    tables = []
    for file in sorted(match.metadata_list, key=lambda file: file.path):
        with FileSystems.open(file.path) as stream:
            tables.append(pq.read_table(pa.BufferReader(stream.read()), columns=columns))
    return pa.concat_tables(tables)


def in_order(examples: pa.Table) -> pa.Table:
    """The same rows in an order that depends on what they are, not on which worker wrote which of them when."""
    columns = (SOURCE_COLUMN, REFERENCES_COLUMN, SLICES_COLUMN)
    keys = list(zip(*(examples.column(name).to_pylist() for name in columns), strict=True))
    return examples.take(sorted(range(len(keys)), key=lambda row: keys[row]))
