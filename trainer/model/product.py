"""The product of a tensor of any rank with a matrix, its precision, and the dense layer made of it."""

import contextlib
import contextvars
from collections.abc import Iterator

import keras
import tensorflow as tf

_DTYPE = contextvars.ContextVar("dtype of products", default=tf.float32)


@contextlib.contextmanager
def products_in(dtype: tf.DType) -> Iterator[None]:
    """Within the block, products with weights read their operands rounded to `dtype`.

    Weights, results and all other arithmetic remain float32 (Micikevicius et al. 2018; Kalamkar et al. 2019). The
    gradient of such a product is formed by products of the same kind, wherever it is taken.
    """
    token = _DTYPE.set(dtype)
    try:
        yield
    finally:
        _DTYPE.reset(token)


def as_factor(kernel: tf.Tensor) -> tf.Tensor:
    """A kernel, float32, in the dtype of products: cast once, it serves many products."""
    return tf.cast(kernel, _DTYPE.get())


def multiply(inputs: tf.Tensor, factor: tf.Tensor, transpose_inputs: bool = False) -> tf.Tensor:
    """inputs [a, b] times a factor [b, c] of `as_factor`, in the factor's dtype: [a, c], in the dtype of the inputs.

    Args:
        inputs: The left operand; [b, a] where it is to be transposed.
        factor: The right operand.
        transpose_inputs: Whether to transpose the inputs first.
    """
    result = tf.matmul(tf.cast(inputs, factor.dtype), factor, transpose_a=transpose_inputs)
    return tf.cast(result, inputs.dtype)


def product(inputs: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor | None = None) -> tf.Tensor:
    """inputs [..., a] times kernel [a, b], plus bias [b] if there is one: [..., b]."""
    if inputs.shape.rank == 2:
        result = multiply(inputs, as_factor(kernel))
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
