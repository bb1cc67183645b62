"""The decoder: one step, and teacher forcing equal to it."""

import numpy as np
import pytest
import tensorflow as tf

from trainer.config.model import ModelConfig
from trainer.model.attention import BahdanauAttention, LuongAttention
from trainer.model.seq2seq import Seq2Seq

CELLS = ("simple_rnn", "gru", "lstm")
ATTENTIONS = ("none", "luong", "bahdanau")
SOURCE = tf.constant([[5, 6, 7, 3], [8, 3, 0, 0], [3, 0, 0, 0]], tf.int64)
SOURCE_LENGTH = tf.constant([4, 2, 1], tf.int64)
TARGET = tf.constant([[2, 5, 6, 7, 8], [2, 9, 4, 0, 0], [2, 0, 0, 0, 0]], tf.int64)


def build(**settings):
    """A model with random weights, biases included."""
    settings = {"embedding_size": 4, "encoder_units": 3, "decoder_units": 4, **settings}
    model = Seq2Seq(ModelConfig(**settings), 12, 11)
    rng = np.random.default_rng(5)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(scale=0.7, size=variable.shape))
    return model


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("residual", [False, True])
def test_teacher_forcing_equals_looping_step(cell, attention, layers, residual):
    model = build(cell=cell, attention=attention, decoder_layers=layers, residual=residual)
    inputs = {"source_ids": SOURCE, "source_length": SOURCE_LENGTH, "target_input_ids": TARGET}
    logits = tf.function(model)(inputs)
    memory, state = model.encode(SOURCE, SOURCE_LENGTH)
    for time in range(TARGET.shape[1]):
        output = model.decoder.step(TARGET[:, time], state, memory, SOURCE_LENGTH)
        np.testing.assert_allclose(output.logits, logits[:, time], atol=1e-5)
        state = output.state


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_shapes_of_a_step(cell, attention):
    model = build(cell=cell, attention=attention, decoder_layers=2)
    memory, state = model.encode(SOURCE, SOURCE_LENGTH)
    output = model.decoder.step(TARGET[:, 0], state, memory, SOURCE_LENGTH)
    assert output.logits.shape == (3, 11)
    assert output.state.shape == state.shape == (3, model.decoder.state_size)
    assert model.decoder.state_size == (16 if cell == "lstm" else 8)
    assert memory.shape[:2] == output.alignment.shape == (3, 4)
    assert output.state.dtype == output.alignment.dtype == memory.dtype == tf.float32


@pytest.mark.parametrize("attention", ["luong", "bahdanau"])
def test_alignment_covers_the_source_alone(attention):
    model = build(attention=attention)
    memory, state = model.encode(SOURCE, SOURCE_LENGTH)
    alignment = model.decoder.step(TARGET[:, 0], state, memory, SOURCE_LENGTH).alignment.numpy()
    np.testing.assert_allclose(alignment.sum(axis=1), 1.0, atol=1e-6)
    assert not alignment[1, 2:].any()
    assert not alignment[2, 1:].any()


def test_without_attention_the_memory_says_nothing():
    model = build(attention="none")
    memory, state = model.encode(SOURCE, SOURCE_LENGTH)
    assert not np.any(memory)
    assert not np.any(model.decoder.step(TARGET[:, 0], state, memory, SOURCE_LENGTH).alignment)


def test_luong_attends_with_the_output_of_the_step():
    model = build(attention="luong", cell="gru")
    decoder = model.decoder
    memory, state = model.encode(SOURCE, SOURCE_LENGTH)
    output = decoder.step(TARGET[:, 1], state, memory, SOURCE_LENGTH)
    cell = decoder.stack.cells[0]
    hidden = cell.step(cell.project(decoder.embedding(TARGET[:, 1])), [state], None)[0]  # a GRU's state is its output
    assert isinstance(decoder.attention, LuongAttention)
    found = decoder.attention(hidden[:, tf.newaxis], decoder.attention.recall(memory, SOURCE_LENGTH))
    combined = np.tanh(
        np.concatenate([found.context[:, 0], hidden], axis=1) @ decoder.combine.kernel + decoder.combine.bias
    )
    np.testing.assert_allclose(output.alignment, found.alignment[:, 0], atol=1e-6)
    np.testing.assert_allclose(
        output.logits, combined @ decoder.output_layer.kernel + decoder.output_layer.bias, atol=1e-5
    )


def test_bahdanau_attends_with_the_top_output_of_the_step_before():
    model = build(attention="bahdanau", cell="lstm", decoder_layers=2)
    decoder = model.decoder
    memory, state = model.encode(SOURCE, SOURCE_LENGTH)
    state = decoder.step(TARGET[:, 0], state, memory, SOURCE_LENGTH).state
    h1, c1, h2, c2 = tf.split(state, 4, axis=1)
    assert isinstance(decoder.attention, BahdanauAttention)
    found = decoder.attention(h2[:, tf.newaxis], decoder.attention.recall(memory, SOURCE_LENGTH))
    lower, upper = decoder.stack.cells
    inputs = tf.concat([decoder.embedding(TARGET[:, 1]), found.context[:, 0]], axis=1)
    h1, c1 = lower.step(lower.project(inputs), [h1, c1], None)
    h2, c2 = upper.step(upper.project(h1), [h2, c2], None)
    output = decoder.step(TARGET[:, 1], state, memory, SOURCE_LENGTH)
    np.testing.assert_allclose(output.alignment, found.alignment[:, 0], atol=1e-6)
    np.testing.assert_allclose(output.state, tf.concat([h1, c1, h2, c2], axis=1), atol=1e-6)


def test_the_bridge_maps_all_final_states_to_each_state_tensor():
    model = build(cell="lstm", encoder_layers=2)
    encoded = model.encoder(SOURCE, SOURCE_LENGTH)
    finals = np.concatenate(encoded.final_states, axis=1)
    hidden, carry = model.decoder.bridge
    expected = [np.tanh(finals @ hidden.kernel + hidden.bias), finals @ carry.kernel + carry.bias]
    np.testing.assert_allclose(model.decoder.initial_state(encoded), np.concatenate(expected, axis=1), atol=1e-5)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_a_step_on_some_rows_gives_the_same_as_on_all(attention):
    model = build(attention=attention)
    memory, state = model.encode(SOURCE, SOURCE_LENGTH)
    all_rows = model.decoder.step(TARGET[:, 0], state, memory, SOURCE_LENGTH)
    one_row = model.decoder.step(TARGET[1:2, 0], state[1:2], memory[1:2, :2], SOURCE_LENGTH[1:2])
    np.testing.assert_allclose(one_row.logits[0], all_rows.logits[1], atol=1e-5)
