"""Recurrences against the Keras layers of the same weights."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.cells import CELLS
from trainer.recurrence import recur, recur_backward

LAYERS = {"simple_rnn": keras.layers.SimpleRNN, "gru": keras.layers.GRU, "lstm": keras.layers.LSTM}
TIME, BATCH, WIDTH, UNITS = 6, 4, 5, 3
LENGTHS = np.array([6, 1, 4, 3])


def build(name):
    """A cell with random weights, the Keras layer of the same weights, inputs and initial states, batch-major."""
    rng = np.random.default_rng(2)
    cell = CELLS[name](WIDTH, UNITS, random.Random(2))
    layer = LAYERS[name](UNITS, return_sequences=True, return_state=True)
    layer.build((BATCH, TIME, WIDTH))
    for variable, own in zip(layer.trainable_variables, cell.trainable_variables, strict=True):
        own.assign(rng.normal(scale=0.5, size=own.shape))
        variable.assign(own)
    inputs = tf.constant(rng.normal(size=(BATCH, TIME, WIDTH)), tf.float32)
    states = [tf.constant(rng.normal(size=(BATCH, UNITS)), tf.float32) for _ in range(cell.state_count)]
    return cell, layer, inputs, states


def value_and_gradients(compute, sources, weights):
    """A scalar made of outputs within the lengths and final states, those, and the scalar's gradients."""
    with tf.GradientTape() as tape:
        tape.watch(sources)
        outputs, finals = compute()
        outputs *= tf.sequence_mask(LENGTHS, TIME, tf.float32)[:, :, tf.newaxis]
        loss = tf.reduce_sum(tf.sin(outputs * 3)) + sum(tf.reduce_sum(state**2) for state in finals)
    return [outputs, *finals], tape.gradient(loss, [*sources, *[weight.value for weight in weights]])


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("graph", [False, True])
def test_forward_equals_the_keras_layer(name, graph):
    cell, layer, inputs, states = build(name)

    def own():
        result = recur(cell, tf.transpose(inputs, [1, 0, 2]), states, tf.constant(LENGTHS))
        return tf.transpose(result.outputs, [1, 0, 2]), result.final_states

    def theirs():
        outputs, *finals = layer(inputs, initial_state=states, mask=tf.sequence_mask(LENGTHS, TIME))
        return outputs, finals

    compare(own, theirs, cell, layer, [inputs, *states], graph)


@pytest.mark.parametrize("name", CELLS)
def test_backward_starts_at_the_end_of_each_row(name):
    cell, layer, inputs, _ = build(name)

    def own():
        result = recur_backward(cell, tf.transpose(inputs, [1, 0, 2]), tf.constant(LENGTHS))
        return tf.transpose(result.outputs, [1, 0, 2]), result.final_states

    def theirs():
        outputs, finals = [], []
        for row, length in enumerate(LENGTHS):  # each row alone, without its padding
            output, *final = layer(inputs[row : row + 1, :length][:, ::-1])
            outputs.append(tf.pad(output[:, ::-1], [[0, 0], [0, TIME - length], [0, 0]]))
            finals.append(final)
        return tf.concat(outputs, 0), [tf.concat(states, 0) for states in zip(*finals, strict=True)]

    compare(own, theirs, cell, layer, [inputs], graph=False)


def compare(own, theirs, cell, layer, sources, graph):
    wrap = tf.function if graph else lambda function: function
    found = wrap(lambda: value_and_gradients(own, sources, cell.trainable_variables))()
    expected = wrap(lambda: value_and_gradients(theirs, sources, layer.trainable_variables))()
    for one, other in zip(tf.nest.flatten(found), tf.nest.flatten(expected), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_row_of_length_zero_keeps_its_states():
    cell, _, inputs, states = build("lstm")
    result = recur(cell, tf.transpose(inputs, [1, 0, 2]), states, tf.constant([0, 2, 0, 6]))
    for state, final in zip(states, result.final_states, strict=True):
        np.testing.assert_array_equal(state[0], final[0])
        np.testing.assert_array_equal(state[2], final[2])


def test_weights_start_as_in_keras():
    cell, layer = CELLS["lstm"](200, 100, random.Random(1)), keras.layers.LSTM(100)
    layer.build((1, 1, 200))
    for own, theirs in zip(cell.trainable_variables, layer.trainable_variables, strict=True):
        assert own.shape == theirs.shape
        assert np.std(own) == pytest.approx(np.std(theirs), rel=0.02)
    recurrent = cell.recurrent_kernel.numpy()
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(100), atol=1e-4)
