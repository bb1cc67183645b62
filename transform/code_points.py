"""Text as code points: decoding, and look-ups over all of Unicode that are small enough to be part of a graph.

The tables are part of the graph, rather than left to TensorFlow's ICU and RE2, so that a served model answers as it
was trained whatever it is served by; ICU's case mapping would even follow the locale of the server's process.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

CODE_POINTS = 0x110000
_PAGE_BITS = 7
_PAGE = 1 << _PAGE_BITS

# What an expansion writes for a code point that stays as it is.
_ITSELF = -1


Array = np.ndarray | tf.Tensor


class CodePointTable(NamedTuple):
    """A small integer for every code point, equal pages of code points being kept once.

    Made of arrays; `as_tensors` makes it a constant of the graph, to be used in several places of it.

    Attributes:
        pages: uint16 [CODE_POINTS / page size], number of each page.
        values: uint16 [number of different pages * page size].
    """

    pages: Array
    values: Array


class Expansions(NamedTuple):
    """What each code point becomes, most of them themselves.

    Attributes:
        index: Number of each code point's expansion, 0 for the code points that stay.
        values: int32 [code points of all expansions].
        row_splits: int32 [expansions + 1], where in `values` each expansion starts.
    """

    index: CodePointTable
    values: Array
    row_splits: Array


def build_table(values: np.ndarray) -> CodePointTable:
    """Packs uint16 `values` [CODE_POINTS]."""
    different, pages = np.unique(values.reshape(-1, _PAGE), axis=0, return_inverse=True)
    return CodePointTable(pages.reshape(-1).astype(np.uint16), different.reshape(-1).astype(np.uint16))


def build_expansions(expansions: Mapping[int, str]) -> Expansions:
    """Packs the strings that code points become; those not named stay as they are."""
    index = np.zeros(CODE_POINTS, np.uint16)
    rows = [[_ITSELF]]
    for code_point, string in expansions.items():
        index[code_point] = len(rows)
        rows.append([ord(character) for character in string])
    lengths = [len(row) for row in rows]
    return Expansions(
        build_table(index), np.concatenate(rows).astype(np.int32), np.cumsum([0, *lengths]).astype(np.int32)
    )


def as_tensors(tables):
    """Tables, or a tuple of them, with tensors in the place of arrays: a graph then holds them once."""
    return tf.nest.map_structure(tf.constant, tables)


def decode(text: tf.Tensor) -> tf.RaggedTensor:
    """Code points of string [B]: int32 [B, (n)]. What is not valid UTF-8 becomes U+FFFD, as in Python's decoder."""
    return tf.strings.unicode_decode(text, "UTF-8", errors="replace")


def encode(code_points: tf.RaggedTensor) -> tf.Tensor:
    """String [B] of code points, int32 [B, (n)]."""
    return tf.strings.unicode_encode(code_points, "UTF-8")


def look_up(table: CodePointTable, code_points: tf.Tensor) -> tf.Tensor:
    """The table's values for code points, int32 [n]: int32 [n]."""
    page = tf.gather(table.pages, tf.bitwise.right_shift(code_points, _PAGE_BITS))
    place = tf.cast(page, tf.int32) * _PAGE + tf.bitwise.bitwise_and(code_points, _PAGE - 1)
    return tf.cast(tf.gather(table.values, place), tf.int32)


def expand(expansions: Expansions, code_points: tf.RaggedTensor) -> tf.RaggedTensor:
    """Replaces each code point, int32 [B, (n)], by its expansion."""
    index = look_up(expansions.index, code_points.values)
    rows = tf.RaggedTensor.from_row_splits(expansions.values, expansions.row_splits, validate=False)
    expanded = tf.gather(rows, index)
    itself = tf.gather(code_points.values, expanded.value_rowids())
    values = tf.where(expanded.values == _ITSELF, itself, expanded.values)
    splits = tf.gather(tf.cast(expanded.row_splits, tf.int64), code_points.row_splits)
    return tf.RaggedTensor.from_row_splits(values, splits, validate=False)


def is_row_start(rows: tf.Tensor) -> tf.Tensor:
    """Whether each value is the first of its row, for the values' row numbers, int64 [n]: bool [n]."""
    return rows != previous(rows, -1)


def previous(values: tf.Tensor, first) -> tf.Tensor:
    """Each value's predecessor, `first` for the first one: [n], of the values' type."""
    return tf.concat([tf.constant([first], values.dtype), values], axis=0)[:-1]


def following(values: tf.Tensor, last) -> tf.Tensor:
    """Each value's successor, `last` for the last one: [n], of the values' type."""
    return tf.concat([values, tf.constant([last], values.dtype)], axis=0)[1:]
