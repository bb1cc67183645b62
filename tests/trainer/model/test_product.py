"""Products against NumPy, and the dense layer against that of Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.model.product import Dense, product


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
