"""Unit char: each code point is a piece, spaces included."""

import tensorflow as tf

from transform.code_points import encode


def split(code_points: tf.RaggedTensor) -> tf.RaggedTensor:
    """Pieces, string [B, (n)], of code points, int32 [B, (n)]."""
    each = tf.RaggedTensor.from_uniform_row_length(code_points.values, 1, validate=False)
    return code_points.with_values(encode(each))


def join(pieces: tf.RaggedTensor) -> tf.Tensor:
    """Text, string [B], of pieces, string [B, (n)]."""
    return tf.strings.reduce_join(pieces, axis=1)
