"""Recurrences against the Keras layers of the same weights."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.model.cells import CELLS
from trainer.model.fused_recurrence import FusedRecurrence
from trainer.model.product import products_in
from trainer.model.recurrence import recur, recur_backward

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
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("graph", [False, True])
def test_forward_equals_the_keras_layer(name, training, graph):
    cell, layer, inputs, states = build(name)

    def own():
        result = recur(cell, tf.transpose(inputs, [1, 0, 2]), states, tf.constant(LENGTHS), training=training)
        return tf.transpose(result.outputs, [1, 0, 2]), result.final_states

    def theirs():
        outputs, *finals = layer(inputs, initial_state=states, mask=tf.sequence_mask(LENGTHS, TIME))
        return outputs, finals

    compare(own, theirs, cell, layer, [inputs, *states], graph)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("training", [False, True])
def test_backward_starts_at_the_end_of_each_row(name, training):
    cell, layer, inputs, _ = build(name)

    def own():
        result = recur_backward(cell, tf.transpose(inputs, [1, 0, 2]), tf.constant(LENGTHS), training=training)
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


@pytest.mark.parametrize("training", [False, True])
def test_a_row_of_length_zero_keeps_its_states(training):
    cell, _, inputs, states = build("lstm")
    result = recur(cell, tf.transpose(inputs, [1, 0, 2]), states, tf.constant([0, 2, 0, 6]), training=training)
    for state, final in zip(states, result.final_states, strict=True):
        np.testing.assert_array_equal(state[0], final[0])
        np.testing.assert_array_equal(state[2], final[2])


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("dropped", [False, True])
@pytest.mark.parametrize("lengths", [None, [0, 2, 6, 6]])
@pytest.mark.parametrize("graph", [False, True])
def test_both_loops_have_the_same_values_and_gradients(name, dropped, lengths, graph):
    cell, _, inputs, states = build(name)
    mask = tf.constant(np.random.default_rng(3).choice([0.0, 2.0], size=(BATCH, UNITS)), tf.float32)

    def run(training):
        result = recur(
            cell,
            tf.transpose(inputs, [1, 0, 2]),
            states,
            None if lengths is None else tf.constant(lengths),
            mask if dropped else None,
            training,
        )
        return tf.transpose(result.outputs, [1, 0, 2]), result.final_states

    compare(lambda: run(True), lambda: run(False), cell, cell, [inputs, *states], graph)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("run", [recur, recur_backward])
def test_what_stands_in_the_padding_does_not_matter(name, training, run):
    cell, _, inputs, _ = build(name)
    present = tf.transpose(tf.sequence_mask(LENGTHS, TIME))[:, :, tf.newaxis]

    def result(padding):
        sequence = tf.where(present, tf.transpose(inputs, [1, 0, 2]), padding)
        with tf.GradientTape() as tape:
            tape.watch(sequence)
            outputs, finals = run(cell, sequence, lengths=tf.constant(LENGTHS), training=training)
            # The padding's outputs are in the loss too: they are constant.
            loss = tf.reduce_sum(tf.cos(outputs)) + sum(tf.reduce_sum(state**2) for state in finals)
        gradients = tape.gradient(loss, [sequence, *[weight.value for weight in cell.trainable_variables]])
        np.testing.assert_array_equal(tf.where(present, 0.0, outputs), tf.zeros_like(outputs))
        np.testing.assert_array_equal(tf.where(present, 0.0, gradients[0]), tf.zeros_like(sequence))
        return [outputs, *finals, *gradients]

    for one, other in zip(result(0.0), result(float("nan")), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", CELLS)
def test_final_states_alone_and_outputs_alone_have_gradients(name):
    cell, _, inputs, states = build(name)
    for pick in (lambda outputs, finals: outputs[:, 2], lambda outputs, finals: finals[-1]):

        def gradients(training, pick=pick):
            with tf.GradientTape() as tape:
                tape.watch(states)
                outputs, finals = recur(cell, tf.transpose(inputs, [1, 0, 2]), states, training=training)
                loss = tf.reduce_sum(tf.sin(pick(tf.transpose(outputs, [1, 0, 2]), finals)))
            sources = [*states, *[weight.value for weight in cell.trainable_variables]]
            return tape.gradient(loss, sources, unconnected_gradients="zero")

        for one, other in zip(gradients(True), gradients(False), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_way_back_can_be_gone_again():
    cell, _, inputs, states = build("lstm")
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_sum(recur(cell, tf.transpose(inputs, [1, 0, 2]), states, training=True).outputs)
    kernel = cell.recurrent_kernel.value
    np.testing.assert_array_equal(tape.gradient(loss, kernel), tape.gradient(loss, kernel))


def test_training_forms_the_weights_gradient_outside_the_loops():
    cell, _, inputs, states = build("lstm")

    @tf.function
    def gradient():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(recur(cell, tf.transpose(inputs, [1, 0, 2]), states, training=True).outputs)
        return tape.gradient(loss, cell.recurrent_kernel.value)

    graph = gradient.get_concrete_function().graph
    loops = [graph._get_function(op.get_attr("body").name).graph for op in graph.get_operations() if "While" in op.type]
    products = [[op.type for op in loop.get_operations()].count("MatMul") for loop in loops]
    assert products == [1, 1]


def test_weights_start_as_in_keras():
    cell, layer = CELLS["lstm"](200, 100, random.Random(1)), keras.layers.LSTM(100)
    layer.build((1, 1, 200))
    for own, theirs in zip(cell.trainable_variables, layer.trainable_variables, strict=True):
        assert own.shape == theirs.shape
        assert np.std(own) == pytest.approx(np.std(theirs), rel=0.02)
    recurrent = cell.recurrent_kernel.numpy()
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(100), atol=1e-4)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("training", [False, True])
def test_products_in_bfloat16_are_off_by_their_rounding_alone(name, training):
    cell, _, inputs, states = build(name)

    def run(dtype):
        def compute():
            with products_in(dtype):
                sequence = tf.transpose(inputs, [1, 0, 2])
                result = recur(cell, sequence, states, tf.constant(LENGTHS), training=training)
            return tf.transpose(result.outputs, [1, 0, 2]), result.final_states

        return tf.nest.flatten(value_and_gradients(compute, [inputs, *states], cell.trainable_variables))

    for rounded, exact in zip(run(tf.bfloat16), run(tf.float32), strict=True):
        assert rounded.dtype == tf.float32
        assert 1e-4 < np.linalg.norm(rounded - exact) / np.linalg.norm(exact) < 0.05


@pytest.mark.parametrize("name", ["gru", "lstm"])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_the_layers_for_gpus_have_the_same_values_and_gradients(name, lengths):
    # Without a GPU they run a loop of Keras' own; that they find the cell's weights is what is seen here.
    cell, layer, inputs, states = build(name)
    fused = FusedRecurrence(cell)

    def own():
        given = None if lengths is None else tf.constant(lengths)
        outputs, finals = fused(tf.transpose(inputs, [1, 0, 2]), states, given)
        return tf.transpose(outputs, [1, 0, 2]), finals

    def theirs():
        mask = None if lengths is None else tf.sequence_mask(lengths, TIME)
        outputs, *finals = layer(inputs, initial_state=states, mask=mask)
        return outputs, finals

    compare(own, theirs, cell, layer, [inputs, *states], graph=True)
