"""Stretches of code points as strings."""

import tensorflow as tf

from transform.code_points import encode


def encode_stretches(code_points: tf.RaggedTensor, starts: tf.Tensor, kept: tf.Tensor) -> tf.RaggedTensor:
    """Cuts each row of code points into strings.

    Args:
        code_points: int32 [B, (n)].
        starts: bool [total n], true where a stretch starts; only where `kept`.
        kept: bool [total n], true for the code points that are part of a stretch; of each row, the first starts one.

    Returns:
        String [B, (stretches)].
    """
    stretch = tf.cumsum(tf.cast(tf.boolean_mask(starts, kept), tf.int64)) - 1
    rows = tf.boolean_mask(code_points.value_rowids(), starts)
    stretches = tf.RaggedTensor.from_value_rowids(
        tf.boolean_mask(code_points.values, kept), stretch, nrows=tf.size(rows, tf.int64), validate=False
    )
    return tf.RaggedTensor.from_value_rowids(encode(stretches), rows, nrows=code_points.nrows(), validate=False)
