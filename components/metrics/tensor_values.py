"""Text out of the forms in which TFMA hands over a string feature or output."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from tensorflow_model_analysis.api import types


def text(value: Any) -> str:
    """The only text of one example's value."""
    [only] = texts(value)
    return only


def texts(value: Any) -> list[str]:
    """All texts of one example's value: a string, or an array, list, sparse or ragged tensor of strings."""
    return [_decode(item) for item in np.ravel(np.asarray(getattr(value, "values", value), object))]


def rows_of_texts(value: Any) -> Iterator[list[str]]:
    """The texts of each example of a batch.

    Args:
      value: array [B, ...], or a ragged, sparse or variable-length tensor value whose first dimension is the batch's.
    """
    if isinstance(value, types.RaggedTensorValue):
        splits = value.nested_row_splits[0]
        for inner in value.nested_row_splits[1:]:
            splits = np.asarray(inner)[splits]
        return (texts(row) for row in np.split(value.values, splits[1:-1]))
    if isinstance(value, types.SparseTensorValue | types.VarLenTensorValue):
        batch_size = int(value.dense_shape[0])
        starts = np.searchsorted(value.indices[:, 0], np.arange(1, batch_size))
        return (texts(row) for row in np.split(value.values, starts))
    return (texts(row) for row in value)


def _decode(item: bytes | str) -> str:
    return item.decode("utf-8", errors="replace") if isinstance(item, bytes) else str(item)
