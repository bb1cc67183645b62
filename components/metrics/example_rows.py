"""Rows of decoded examples in Parquet: their columns, and how they are read."""

import os
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
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


def columns_of_sums(metrics: Sequence[str]) -> list[str]:
    """Columns that say what each example is, and what it adds to the sums of metrics, of one model or two."""
    return [
        *(SOURCE_COLUMN, REFERENCES_COLUMN, SLICES_COLUMN),
        *(sums_column(prefix, metric) for prefix in PREFIXES for metric in metrics),
    ]


def read_examples(evaluation_uri: str, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of an evaluation.

    Args:
      evaluation_uri: folder of the evaluation.
      columns: those to read, as far as they are there; None: all.

    Raises:
      FileNotFoundError: it has kept none.
    """
    [match] = FileSystems.match([os.path.join(evaluation_uri, FOLDER, "*.parquet")])
    if not match.metadata_list:
        raise FileNotFoundError(f"{evaluation_uri} has no examples: the model was evaluated before these were kept")
    tables = []
    for file in sorted(match.metadata_list, key=lambda file: file.path):
        with FileSystems.open(file.path) as stream:
            # A thread of Arrow's that lets go of a Python object while Python ends aborts the process.
            tables.append(pq.ParquetFile(pa.PythonFile(stream, "r")).read(columns=columns, use_threads=False))
    return pa.concat_tables(tables)


def in_order(examples: pa.Table) -> np.ndarray:
    """Rows, int64 [examples], in an order that depends on what they are, not on which worker wrote which of them when.

    Rows are ordered by source, references and slices, as Python orders these, without a Python object for each.
    """
    # No text has a NUL, which ExampleGen refuses, so texts that are joined by it are in the order of their lists.
    slices = examples.column(SLICES_COLUMN).combine_chunks()
    keys = {
        "source": examples.column(SOURCE_COLUMN),
        "references": pc.binary_join(examples.column(REFERENCES_COLUMN), "\0"),
        "slices": pc.binary_join(_list_of(slices, pc.binary_join_element_wise(slices.keys, slices.items, "\0")), "\0"),
    }
    order = pc.sort_indices(pa.table(keys), sort_keys=[(name, "ascending") for name in keys])
    return order.to_numpy().astype(np.int64)


def _list_of(lists: pa.MapArray, values: pa.Array) -> pa.ListArray:
    """Lists of values that are as long as those of another array."""
    return pa.ListArray.from_arrays(lists.offsets, values)
