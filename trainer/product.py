"""The product of a tensor of any rank with a matrix."""

import tensorflow as tf


def product(inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """inputs [..., a] times kernel [a, b]: [..., b]."""
    if inputs.shape.rank == 2:
        return tf.matmul(inputs, kernel)
    # One large product: tf.matmul would broadcast the kernel over the leading dimensions.
    flat = tf.matmul(tf.reshape(inputs, [-1, kernel.shape[0]]), kernel)
    return tf.reshape(flat, tf.concat([tf.shape(inputs)[:-1], [kernel.shape[-1]]], axis=0))
