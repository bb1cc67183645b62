"""Products against NumPy, and the dense layer against that of Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.model.product import Dense, product, products_in


@pytest.mark.parametrize("shape", [(5,), (2, 5), (3, 2, 5), (4, 3, 2, 5)])
def test_a_product_of_any_rank_equals_numpys(shape):
    rng = np.random.default_rng(2)
    inputs, kernel, bias = (rng.normal(size=size).astype(np.float32) for size in ((*shape[:-1], 5), (5, 3), 3))
    if len(shape) == 1:
        inputs = inputs[np.newaxis]
    np.testing.assert_allclose(product(tf.constant(inputs), kernel), inputs @ kernel, atol=1e-5)
    np.testing.assert_allclose(product(tf.constant(inputs), kernel, bias), inputs @ kernel + bias, atol=1e-5)


@pytest.mark.parametrize("activation", [None, "tanh"])
@pytest.mark.parametrize("shape", [(2, 5), (3, 2, 5)])
def test_the_dense_layer_equals_keras_in_value_and_gradient(activation, shape):
    rng = np.random.default_rng(3)
    inputs, wanted = tf.constant(rng.normal(size=shape), tf.float32), rng.normal(size=(*shape[:-1], 4))
    ours, theirs = Dense(4, activation), keras.layers.Dense(4, activation)
    for layer in (ours, theirs):
        layer.build((None, 5))
    theirs.set_weights(ours.get_weights())

    def value_and_gradients(layer):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs)
            loss = tf.reduce_sum(outputs * wanted)
        return [outputs, *tape.gradient(loss, [inputs, *layer.trainable_variables])]

    for value, expected in zip(value_and_gradients(ours), value_and_gradients(theirs), strict=True):
        np.testing.assert_allclose(value, expected, atol=1e-5)


def test_operands_are_rounded_where_asked_and_results_are_not():
    rng = np.random.default_rng(4)
    inputs, kernel = (tf.constant(rng.normal(size=size), tf.float32) for size in ((7, 256), (256, 9)))
    exact = inputs.numpy().astype(np.float64) @ kernel.numpy().astype(np.float64)
    with products_in(tf.bfloat16):
        rounded = product(inputs, kernel)
    assert rounded.dtype == tf.float32
    # Of 8 bits of mantissa: operands and the sum are each off by 2 ** -9 of themselves at most.
    scale = np.abs(inputs.numpy()) @ np.abs(kernel.numpy())
    errors = np.abs(rounded.numpy() - exact) / scale
    assert 1e-5 < errors.max() < 3 * 2**-9
    np.testing.assert_allclose(product(inputs, kernel), exact, atol=1e-4)


def test_gradients_follow_the_precision_of_their_product():
    rng = np.random.default_rng(5)
    inputs, kernel = (tf.Variable(rng.normal(size=size), dtype=tf.float32) for size in ((3, 7, 64), (64, 9)))

    def gradients(dtype):
        with tf.GradientTape() as tape:
            with products_in(dtype):
                outputs = product(inputs, kernel)
            loss = tf.nn.l2_loss(outputs)
        return tape.gradient(loss, [inputs, kernel])

    for rounded, exact in zip(gradients(tf.bfloat16), gradients(tf.float32), strict=True):
        assert rounded.dtype == tf.float32
        difference = np.linalg.norm(rounded - exact) / np.linalg.norm(exact)
        assert 1e-4 < difference < 0.01
