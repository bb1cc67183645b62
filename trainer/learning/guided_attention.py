"""Guided attention (Tachibana et al. 2018): a penalty for looking far from the diagonal."""

import tensorflow as tf


def guided_attention_penalty(
    alignment: tf.Tensor, source_length: tf.Tensor, target_length: tf.Tensor, width: float
) -> tf.Tensor:
    """How far from the diagonal each step looks, float [batch, target], from 0 to 1.

    The step that predicts token t of T is at t / T, source position s of S at s / S, counted from 0, end tokens
    included; looking from the one to the other costs 1 - exp(-(s / S - t / T)^2 / (2 width^2)). A step's penalty is the
    mean of that under its alignment.

    Args:
        alignment: Float [batch, target, source], rows sum to 1; 0 at the source's padding.
        source_length: Int64 [batch].
        target_length: Int64 [batch].
        width: Of the diagonal's neighbourhood that costs little, as a share of the length.
    """
    source = _places(tf.shape(alignment)[2], source_length)[:, tf.newaxis, :]
    target = _places(tf.shape(alignment)[1], target_length)[:, :, tf.newaxis]
    cost = 1 - tf.exp(-tf.square(source - target) / (2 * width**2))
    return tf.reduce_sum(alignment * cost, axis=2)


def _places(positions: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """The share of its row that lies before each position, float [batch, positions]."""
    # A row that is padding throughout has length 0.
    return tf.range(positions, dtype=tf.float32) / tf.cast(tf.maximum(length, 1), tf.float32)[:, tf.newaxis]
