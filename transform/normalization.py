"""Unicode normalisation forms NFC and NFKC inside the graph (Unicode Standard Annex 15).

Equal to Python's `unicodedata.normalize`, whose data the tables are made from. Text that is known to be normalised
already, by the annex's quick check, is passed on as it is.
"""

import functools
import unicodedata
from typing import Literal, NamedTuple

import numpy as np
import tensorflow as tf

from transform.code_points import (
    CODE_POINTS,
    Array,
    CodePointTable,
    Expansions,
    as_tensors,
    build_expansions,
    build_table,
    expand,
    is_row_start,
    look_up,
    previous,
)

Form = Literal["NFC", "NFKC"]

# A code point's properties: its canonical combining class, and two flags.
_CLASS = 0xFF
_MAYBE = 0x100  # it may combine with what is before it
_NEVER = 0x200  # normalised text does not contain it

# Hangul syllables are composed by arithmetic: (leading consonant * 21 + vowel) * 28 + trailing consonant. Nothing can
# come between their parts, so that they need not be decomposed first.
_LEADING, _LEADING_COUNT = 0x1100, 19
_VOWEL, _VOWEL_COUNT = 0x1161, 21
_TRAILING, _TRAILING_COUNT = 0x11A7, 28  # the first one stands for none
_SYLLABLE, _SYLLABLE_COUNT = 0xAC00, _LEADING_COUNT * _VOWEL_COUNT * _TRAILING_COUNT

_PAIR = 1 << 21  # one more than the largest code point, rounded up: a pair's key is first * _PAIR + second


class NormalizationTables(NamedTuple):
    """What a normalisation form does to code points."""

    properties: CodePointTable
    decompositions: Expansions
    pairs: Array  # int64, sorted keys
    composites: Array  # int32, what each pair becomes


def normalization_tables(form: Form) -> NormalizationTables:
    """The tables of a form, as constants of the graph."""
    return as_tensors(_tables(form))


def normalize(code_points: tf.RaggedTensor, tables: NormalizationTables) -> tf.RaggedTensor:
    """Normalises each row of code points, int32 [B, (n)], on its own."""
    properties = look_up(tables.properties, code_points.values)
    combining_class = tf.bitwise.bitwise_and(properties, _CLASS)
    out_of_order = (combining_class > 0) & (combining_class < previous(combining_class, 0))
    values, row_splits = tf.cond(
        tf.reduce_any((properties >= _MAYBE) | out_of_order),
        lambda: _normalize(code_points, tables),
        lambda: (code_points.values, code_points.row_splits),
    )
    return tf.RaggedTensor.from_row_splits(values, row_splits, validate=False)


def _normalize(code_points: tf.RaggedTensor, tables: NormalizationTables) -> tuple[tf.Tensor, tf.Tensor]:
    decomposed = expand(tables.decompositions, code_points)
    rows = decomposed.value_rowids()
    values, properties = _order(decomposed.values, look_up(tables.properties, decomposed.values), rows)
    values, rows = _compose(values, properties, rows, tables)
    composed = tf.RaggedTensor.from_value_rowids(values, rows, nrows=code_points.nrows(), validate=False)
    return composed.values, composed.row_splits


def _order(values: tf.Tensor, properties: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Sorts each run of combining marks by combining class, keeping the order of equal ones."""
    combining_class = tf.bitwise.bitwise_and(properties, _CLASS)
    run = tf.cumsum(tf.cast((combining_class == 0) | is_row_start(rows), tf.int64))
    order = tf.argsort(run * (_CLASS + 1) + tf.cast(combining_class, tf.int64), stable=True)
    return tf.gather(values, order), tf.gather(properties, order)


def _compose(
    values: tf.Tensor, properties: tf.Tensor, rows: tf.Tensor, tables: NormalizationTables
) -> tuple[tf.Tensor, tf.Tensor]:
    """Composes what can be composed, from left to right.

    Nothing combines across a starter that never combines with what is before it. These split the text into segments
    that are worked on side by side, and in each round every segment does its next composition, so that there are as
    few rounds as one segment has compositions: at most three in Unicode 13.

    Returns:
        Values, int32 [m], and the number of each one's row, int64 [m].
    """
    maybe = tf.bitwise.bitwise_and(properties, _MAYBE) > 0
    combining_class = tf.bitwise.bitwise_and(properties, _CLASS)
    segment = tf.cumsum(tf.cast(((combining_class == 0) & ~maybe) | is_row_start(rows), tf.int32))

    def compose_next(_, values, combining_class, rows, segment, waiting):
        starters = tf.cast(tf.where(combining_class == 0)[:, 0], tf.int32)
        starters_before = tf.cumsum(tf.cast(combining_class == 0, tf.int32), exclusive=True)

        second = tf.cast(tf.where(waiting & (starters_before > 0))[:, 0], tf.int32)
        first = tf.gather(starters, tf.gather(starters_before, second) - 1)
        # A mark is blocked from its starter by a mark of its own class that stands between them.
        follows = (first == second - 1) | (tf.gather(combining_class, second - 1) < tf.gather(combining_class, second))
        together = tf.gather(segment, first) == tf.gather(segment, second)
        composite = _composite(tf.gather(values, first), tf.gather(values, second), tables)
        found = follows & together & (composite > 0)
        found_in = tf.gather(segment, tf.boolean_mask(second, found))
        # Places rise, and with them the segments: a segment's first composition comes first.
        leftmost = found_in != previous(found_in, -1)
        first, second, composite = (
            tf.boolean_mask(tf.boolean_mask(x, found), leftmost) for x in (first, second, composite)
        )

        values = tf.tensor_scatter_nd_update(values, first[:, tf.newaxis], composite)
        done_up_to = tf.math.unsorted_segment_max(second, tf.gather(segment, second), segment[-1] + 1)
        waiting &= tf.range(tf.size(values)) > tf.gather(done_up_to, segment)
        left = tf.tensor_scatter_nd_update(tf.ones_like(waiting), second[:, tf.newaxis], tf.zeros_like(second, tf.bool))
        state = (tf.boolean_mask(x, left) for x in (values, combining_class, rows, segment, waiting))
        return tf.size(second) > 0, *state

    state = (tf.constant(True), values, combining_class, rows, segment, maybe)
    _, values, _, rows, _, _ = tf.while_loop(
        lambda more, *_: more,
        compose_next,
        state,
        shape_invariants=(tf.TensorShape([]), *[tf.TensorShape([None])] * 5),
    )
    return values, rows


def _composite(first: tf.Tensor, second: tf.Tensor, tables: NormalizationTables) -> tf.Tensor:
    """What pairs of code points compose to, int32 [n]; 0 where they do not."""
    key = tf.cast(first, tf.int64) * _PAIR + tf.cast(second, tf.int64)
    place = tf.minimum(tf.searchsorted(tables.pairs, key), tf.size(tables.pairs) - 1)
    composite = tf.where(tf.gather(tables.pairs, place) == key, tf.gather(tables.composites, place), 0)

    leading, vowel = first - _LEADING, second - _VOWEL
    is_open = (leading >= 0) & (leading < _LEADING_COUNT) & (vowel >= 0) & (vowel < _VOWEL_COUNT)
    composite = tf.where(is_open, _SYLLABLE + (leading * _VOWEL_COUNT + vowel) * _TRAILING_COUNT, composite)

    syllable, trailing = first - _SYLLABLE, second - _TRAILING
    is_closed = (syllable >= 0) & (syllable < _SYLLABLE_COUNT) & (syllable % _TRAILING_COUNT == 0)
    is_closed &= (trailing > 0) & (trailing < _TRAILING_COUNT)
    return tf.where(is_closed, first + trailing, composite)


@functools.cache
def _tables(form: Form) -> NormalizationTables:
    properties = np.zeros(CODE_POINTS, np.uint16)
    decompositions, composites = {}, {}
    for code_point in range(CODE_POINTS):
        character = chr(code_point)
        properties[code_point] = unicodedata.combining(character)
        if unicodedata.normalize(form, character) != character:
            properties[code_point] |= _NEVER
        if not _SYLLABLE <= code_point < _SYLLABLE + _SYLLABLE_COUNT:
            decomposed = unicodedata.normalize({"NFC": "NFD", "NFKC": "NFKD"}[form], character)
            if decomposed != character:
                decompositions[code_point] = decomposed
            parts = unicodedata.decomposition(character).split()
            # Compatibility decompositions begin with a <tag>; NFC leaves out what is excluded from composition.
            if (
                len(parts) == 2
                and not parts[0].startswith("<")
                and unicodedata.normalize("NFC", character) == character
            ):
                first, second = (int(part, 16) for part in parts)
                composites[first * _PAIR + second] = code_point
    seconds = {
        *(key % _PAIR for key in composites),
        *range(_VOWEL, _VOWEL + _VOWEL_COUNT),
        *range(_TRAILING + 1, _TRAILING + _TRAILING_COUNT),
    }
    properties[sorted(seconds)] |= _MAYBE
    pairs = sorted(composites)
    return NormalizationTables(
        build_table(properties),
        build_expansions(decompositions),
        np.array(pairs, np.int64),
        np.array([composites[pair] for pair in pairs], np.int32),
    )
