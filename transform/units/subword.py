"""Unit subword: pieces of words, of a vocabulary that is learned.

Text is first split into words. A word starts at every space, which is written as ▁, and where a run of letters, of
digits or of other signs ends; marks go with what they follow, and an apostrophe between letters is one of them. Every
text is given a space at its start, so that its first word is the same as inside of it: `don't (stop)!` are the words
`▁don't`, `▁(`, `stop` and `)!`. Where text has ▁ itself, pieces have a space. Nothing is lost: spaces at the ends of
a text and runs of them stay.
"""

import functools
import unicodedata

import numpy as np
import tensorflow as tf

from transform.cleaning import SPACE
from transform.code_points import (
    CODE_POINTS,
    CodePointTable,
    build_table,
    decode,
    encode,
    following,
    is_row_start,
    look_up,
    previous,
)
from transform.subwords.trie import PieceTrie, find_pieces
from transform.units.stretches import encode_stretches

MARKER = "▁"
_MARKER = ord(MARKER)

# What a code point is.
_SIGN = 0
_LETTER = 1
_DIGIT = 2
_MARK = 3
_APOSTROPHE = 4
_MARKED_SPACE = 5

_APOSTROPHES = "'’"


def split(code_points: tf.RaggedTensor) -> tf.RaggedTensor:
    """Words, string [B, (n)], of code points, int32 [B, (m)]."""
    marked, word_starts = _find_words(code_points)
    return encode_stretches(marked, word_starts, tf.ones_like(word_starts))


def split_by(trie: PieceTrie, code_points: tf.RaggedTensor) -> tf.RaggedTensor:
    """Pieces of the words, string [B, (n)], of code points, int32 [B, (m)], by the trie of a vocabulary."""
    marked, word_starts = _find_words(code_points)
    piece_starts = find_pieces(marked.values, word_starts, trie)
    return encode_stretches(marked, piece_starts, tf.ones_like(piece_starts))


def join(pieces: tf.RaggedTensor) -> tf.Tensor:
    """Text, string [B], of pieces, or words, string [B, (n)]."""
    marked = decode(tf.strings.reduce_join(pieces, axis=1))
    is_added = is_row_start(marked.value_rowids()) & (marked.values == _MARKER)
    return encode(tf.ragged.boolean_mask(marked.with_values(_swap(marked.values)), marked.with_values(~is_added)))


def _find_words(code_points: tf.RaggedTensor) -> tuple[tf.RaggedTensor, tf.Tensor]:
    """The text with its spaces marked, int32 [B, (n)], and whether a word starts at each code point, bool [n]."""
    added = tf.cast(code_points.row_lengths() > 0, tf.int64)
    marker = tf.RaggedTensor.from_row_lengths(tf.fill([tf.reduce_sum(added)], _MARKER), added, validate=False)
    marked = tf.concat([marker, code_points.with_values(_swap(code_points.values))], axis=1)

    kind = look_up(_kinds(), marked.values)
    is_space = kind == _MARKED_SPACE
    after_space = previous(is_space, True)
    # A mark that has nothing to follow is a letter.
    kind = tf.where((kind == _MARK) & after_space, _LETTER, kind)
    leads = kind != _MARK
    kind = tf.gather(tf.boolean_mask(kind, leads), tf.cumsum(tf.cast(leads, tf.int32)) - 1)
    # Rows need not be told apart: each one begins with a space.
    between_letters = (previous(kind, _SIGN) == _LETTER) & (following(kind, _SIGN) == _LETTER)
    kind = tf.where(kind == _APOSTROPHE, tf.where(between_letters, _LETTER, _SIGN), kind)
    return marked, is_space | (~after_space & (previous(kind, _MARKED_SPACE) != kind))


def _swap(code_points: tf.Tensor) -> tf.Tensor:
    """Markers for spaces, and spaces for markers: int32 [n]."""
    swapped = tf.where(code_points == SPACE, _MARKER, code_points)
    return tf.where(code_points == _MARKER, SPACE, swapped)


@functools.cache
def _kinds() -> CodePointTable:
    kind_of_category = {"L": _LETTER, "N": _DIGIT, "M": _MARK}
    kinds = [kind_of_category.get(unicodedata.category(chr(x))[0], _SIGN) for x in range(CODE_POINTS)]
    kinds[_MARKER] = _MARKED_SPACE
    for apostrophe in _APOSTROPHES:
        kinds[ord(apostrophe)] = _APOSTROPHE
    return build_table(np.array(kinds, np.uint16))
