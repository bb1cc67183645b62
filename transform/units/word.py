"""Unit word: words, and punctuation marks and symbols, in any script.

A word is a run of letters, marks and digits (Unicode categories L, M, N). Every other code point is a piece of its
own, with the marks that follow it. A piece that is not set off by a space from its neighbour shows it by a joiner ￭,
as OpenNMT's tokenizer writes it: on the punctuation's side, so that a word is the same piece wherever it stands.
`don't (stop)!` is `don ￭'￭ t (￭ stop ￭) ￭!`. Text that contains ￭ itself is kept, by an escape that is no piece
otherwise. Scripts that put no spaces between words make long pieces: unit char suits them better.
"""

import functools
import unicodedata

import numpy as np
import tensorflow as tf

from transform.cleaning import SPACE
from transform.code_points import CODE_POINTS, CodePointTable, build_table, following, is_row_start, look_up, previous
from transform.units.stretches import encode_stretches

JOINER = "￭"
# The sign and the letters are two pieces wherever else they meet.
_ESCAPED_JOINER = "％ffed"

# What a code point is.
_SYMBOL = 0
_WORD = 1
_MARK = 2
_SPACE = 3


def split(code_points: tf.RaggedTensor) -> tf.RaggedTensor:
    """Pieces, string [B, (n)], of code points, int32 [B, (m)]."""
    kind = look_up(_kinds(), code_points.values)
    is_space = kind == _SPACE
    after_space = is_row_start(code_points.value_rowids()) | previous(is_space, True)
    # A mark belongs to what it follows; where there is nothing to follow, it begins a word.
    leads = (kind != _MARK) | after_space
    kind = tf.gather(tf.boolean_mask(kind, leads), tf.cumsum(tf.cast(leads, tf.int32)) - 1)
    kind = tf.where(kind == _MARK, _WORD, kind)
    starts = leads & ~is_space & (after_space | (kind == _SYMBOL) | (previous(kind, _SPACE) != kind))

    pieces = encode_stretches(code_points, starts, ~is_space)
    is_word = tf.boolean_mask(kind == _WORD, starts)
    joined = tf.boolean_mask(~after_space, starts)
    # Of two pieces without a space between them, the second is marked if it is a symbol; else the first one is.
    before_joined_word = following(joined & is_word, False)
    return pieces.with_values(
        tf.strings.join(
            [
                tf.where(joined & ~is_word, JOINER, ""),
                tf.strings.regex_replace(pieces.values, JOINER, _ESCAPED_JOINER),
                tf.where(before_joined_word, JOINER, ""),
            ]
        )
    )


def join(pieces: tf.RaggedTensor) -> tf.Tensor:
    """Text, string [B], of pieces, string [B, (n)]: a space between two pieces that are not joined."""
    joins_left = tf.strings.regex_full_match(pieces.values, f"(?s){JOINER}.*")
    joins_right = tf.strings.regex_full_match(pieces.values, f"(?s).*{JOINER}")
    bare = tf.strings.regex_replace(pieces.values, f"^{JOINER}|{JOINER}$", "")
    bare = tf.strings.regex_replace(bare, f"^{_ESCAPED_JOINER}", JOINER)
    set_off = ~is_row_start(pieces.value_rowids()) & ~joins_left & ~previous(joins_right, False)
    return tf.strings.reduce_join(pieces.with_values(tf.where(set_off, " ", "") + bare), axis=1)


@functools.cache
def _kinds() -> CodePointTable:
    kind_of_category = {"L": _WORD, "N": _WORD, "M": _MARK}
    kinds = [kind_of_category.get(unicodedata.category(chr(x))[0], _SYMBOL) for x in range(CODE_POINTS)]
    kinds[SPACE] = _SPACE
    return build_table(np.array(kinds, np.uint16))
