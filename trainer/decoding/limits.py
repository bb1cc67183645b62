"""How short and how long the decoded text of each row may be."""

from typing import NamedTuple

import tensorflow as tf

from trainer.config.decoding import DecodingConfig


class Limits(NamedTuple):
    """Tokens that each row may write, the end token not counted.

    Attributes:
        shortest: Int64 [batch].
        longest: Int64 [batch], 1 at least, and no less than `shortest`.
    """

    shortest: tf.Tensor
    longest: tf.Tensor


def length_limits(source_length: tf.Tensor, decoding: DecodingConfig, target_max_length: int) -> Limits:
    """The absolute and the relative limits together; where they contradict each other, the longest length wins.

    Args:
        source_length: Int64 [batch], the end token included.
        decoding: The limits.
        target_max_length: What holds where the settings name no longest length.
    """
    source_tokens = tf.cast(source_length - 1, tf.float32)
    longest = tf.fill(tf.shape(source_length), tf.constant(decoding.max_length or target_max_length, tf.int64))
    if decoding.max_length_ratio is not None:
        relative = tf.cast(tf.math.ceil(source_tokens * decoding.max_length_ratio), tf.int64)
        longest = tf.clip_by_value(relative, 1, longest)
    relative = tf.cast(tf.floor(source_tokens * decoding.min_length_ratio), tf.int64)
    shortest = tf.maximum(relative, tf.constant(decoding.min_length, tf.int64))
    return Limits(tf.minimum(shortest, longest), longest)
