"""Random numbers for sampling that depend on nothing but a row's own seed.

TensorFlow's generators draw for a whole batch at once, so that a row's numbers would depend on its place in the batch.
"""

import tensorflow as tf

# SplitMix64 (Steele et al. 2014, "Fast Splittable Pseudorandom Number Generators").
_INCREMENT = 0x9E3779B97F4A7C15
_FIRST_FACTOR = 0xBF58476D1CE4E5B9
_SECOND_FACTOR = 0x94D049BB133111EB


def gumbel_noise(seed: tf.Tensor, time: tf.Tensor, width: int, vocabulary_size: int) -> tf.Tensor:
    """Standard Gumbel noise, float [batch, width, vocabulary].

    Args:
        seed: Int64 [batch].
        time: Int64 scalar.
        width: Hypotheses of a row.
        vocabulary_size: Number of tokens.
    """
    rows = _mix(_mix(tf.bitcast(seed, tf.uint64)) + tf.bitcast(time, tf.uint64))[:, tf.newaxis, tf.newaxis]
    hypotheses = tf.range(width, dtype=tf.int64)[:, tf.newaxis]
    places = hypotheses * vocabulary_size + tf.range(vocabulary_size, dtype=tf.int64)
    bits = _mix(rows + tf.bitcast(places, tf.uint64) * tf.constant(_INCREMENT, tf.uint64))
    # The highest 23 bits, each number in the middle of its step: exact in 32-bit floats, and never 0 nor 1.
    top = tf.bitcast(tf.bitwise.right_shift(bits, tf.constant(41, tf.uint64)), tf.int64)
    uniform = (tf.cast(top, tf.float32) + 0.5) * 2.0**-23
    return -tf.math.log(-tf.math.log(uniform))


def _mix(value: tf.Tensor) -> tf.Tensor:
    """A number from 64 bits in which every bit depends on every bit of `value`, uint64."""
    value += tf.constant(_INCREMENT, tf.uint64)
    value = (value ^ tf.bitwise.right_shift(value, tf.constant(30, tf.uint64))) * tf.constant(_FIRST_FACTOR, tf.uint64)
    value = (value ^ tf.bitwise.right_shift(value, tf.constant(27, tf.uint64))) * tf.constant(_SECOND_FACTOR, tf.uint64)
    return value ^ tf.bitwise.right_shift(value, tf.constant(31, tf.uint64))
