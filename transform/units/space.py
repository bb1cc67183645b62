"""Unit space: what stands between spaces is a piece, for text that is tokenized already."""

import tensorflow as tf

from transform.cleaning import SPACE
from transform.code_points import is_row_start, previous
from transform.units.stretches import encode_stretches


def split(code_points: tf.RaggedTensor) -> tf.RaggedTensor:
    """Pieces, string [B, (n)], of code points, int32 [B, (m)]."""
    is_space = code_points.values == SPACE
    starts = ~is_space & (is_row_start(code_points.value_rowids()) | previous(is_space, True))
    return encode_stretches(code_points, starts, ~is_space)


def join(pieces: tf.RaggedTensor) -> tf.Tensor:
    """Text, string [B], of pieces, string [B, (n)]: one space between two pieces."""
    return tf.strings.reduce_join(pieces, axis=1, separator=" ")
