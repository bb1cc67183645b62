"""Batches that the model decodes at once: of similar length, and bounded in what they take of memory."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

MAX_EXAMPLES = 128
MAX_PADDED_BYTES = 1 << 15  # of source text: rows times the longest row


def batches_of_similar_length(examples: pa.RecordBatch, column: str) -> Iterator[pa.RecordBatch]:
    """Cuts a batch, which TFX makes of up to 1000 examples, into smaller ones.

    A batch takes as many steps as its longest translation, and as much memory as its longest source times its rows.

    Args:
      examples: any columns; `column` holds lists of bytes.
      column: what the length is measured of, in bytes; where there is no such column, all examples are of length 0.

    Yields:
      All examples once, shortest first: up to MAX_EXAMPLES at a time, and fewer where they are longer than
      MAX_PADDED_BYTES together, but always one.
    """
    lengths = _lengths(examples, column)
    order = np.argsort(lengths, kind="stable")
    start = 0
    for end in range(1, len(order) + 1):
        rows = end + 1 - start
        full = rows > MAX_EXAMPLES or (end < len(order) and rows * lengths[order[end]] > MAX_PADDED_BYTES)
        if full or end == len(order):
            yield examples.take(pa.array(order[start:end]))
            start = end


def _lengths(examples: pa.RecordBatch, column: str) -> np.ndarray:
    if column not in examples.schema.names:
        return np.zeros(examples.num_rows, np.int64)
    rows = examples.column(examples.schema.names.index(column)).to_pylist()
    return np.array([sum(map(len, row or ())) for row in rows], np.int64)
