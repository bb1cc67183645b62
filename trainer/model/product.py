"""The product of a tensor of any rank with a matrix, and the dense layer made of it."""

import keras
import tensorflow as tf


def product(inputs: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor | None = None) -> tf.Tensor:
    """inputs [..., a] times kernel [a, b], plus bias [b] if there is one: [..., b]."""
    if inputs.shape.rank == 2:
        result = tf.matmul(inputs, kernel)
        # Next to the product, where TensorFlow makes one operation of the two.
        return result if bias is None else tf.nn.bias_add(result, bias)
    # One large product: tf.matmul would broadcast the kernel over the leading dimensions.
    flat = product(tf.reshape(inputs, [-1, kernel.shape[0]]), kernel, bias)
    return tf.reshape(flat, tf.concat([tf.shape(inputs)[:-1], [kernel.shape[-1]]], axis=0))


class Dense(keras.layers.Dense):
    """A dense layer for inputs of any rank whose kernel gets its gradient from one product.

    The layer of Keras forms the kernel's gradient once for each row of a batch [batch, time, width], and sums them.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """[..., width] -> [..., units]."""
        return self.activation(product(inputs, self.kernel, self.bias))
