"""The decoder: one step, and teacher forcing equal to it."""

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.attention_kinds import ATTENTIVE, KINDS
from tests.trainer.model.test_encoder import normalize
from trainer.config.model import ModelConfig
from trainer.model.seq2seq import Seq2Seq

CELLS = ("simple_rnn", "gru", "lstm")
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


def loop(model, state, memory, masks=None):
    """Logits [batch, target, vocabulary] and alignment [batch, target, source] of TARGET, step by step."""
    logits, alignment = [], []
    for time in range(TARGET.shape[1]):
        output = model.decoder.step(TARGET[:, time], state, memory, SOURCE_LENGTH, masks)
        logits.append(output.logits)
        alignment.append(output.alignment)
        state = output.state
    return tf.stack(logits, axis=1), tf.stack(alignment, axis=1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "settings",
    [
        {"cell": "lstm"},
        {"cell": "gru", "decoder_layers": 2, "residual": True},
        {"cell": "simple_rnn", "decoder_layers": 2, "layer_normalization": True},
    ],
)
def test_teacher_forcing_equals_looping_step(kind, settings):
    model = build(**settings, **KINDS[kind])
    inputs = {"source_ids": SOURCE, "source_length": SOURCE_LENGTH, "target_input_ids": TARGET}
    forced = tf.function(model.teacher_forcing)(inputs)
    memory, state = model.encode(SOURCE, SOURCE_LENGTH)
    logits, alignment = loop(model, state, memory)
    np.testing.assert_allclose(model.decoder.logits(forced.read_out), logits, atol=1e-5)
    np.testing.assert_allclose(model(inputs), logits, atol=1e-5)
    np.testing.assert_allclose(forced.alignment, alignment, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_teacher_forcing_equals_looping_step_with_the_masks_of_a_training(kind):
    dropout = {"dropout": 0.4, "variational_dropout": True, "recurrent_dropout": 0.4, "embedding_dropout": 0.4}
    model = build(decoder_layers=2, cell="gru", **dropout, **KINDS[kind])
    memory, state = model.encode(SOURCE, SOURCE_LENGTH)

    @tf.function
    def both():
        masks = model.decoder.masks(3)
        forced = model.decoder.teacher_forcing(TARGET, state, memory, SOURCE_LENGTH, masks)
        return model.decoder.logits(forced.read_out), loop(model, state, memory, masks)[0]

    forced, looped = both()
    np.testing.assert_allclose(forced, looped, atol=1e-5)
    assert np.any(np.abs(both()[0] - forced) > 1e-3), "the next batch drops the same"


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kind", KINDS)
def test_shapes_of_a_step(cell, kind):
    model = build(cell=cell, decoder_layers=2, **KINDS[kind])
    memory, state = model.encode(SOURCE, SOURCE_LENGTH)
    output = model.decoder.step(TARGET[:, 0], state, memory, SOURCE_LENGTH)
    assert output.logits.shape == (3, 11)
    assert output.state.shape == state.shape == (3, model.decoder.state_size)
    units = model.config.decoder_units
    fed = units if model.config.attention_place == "input_feeding" else 0
    assert model.decoder.state_size == (4 if cell == "lstm" else 2) * units + fed
    assert memory.shape[:2] == output.alignment.shape == (3, 4)
    assert output.state.dtype == output.alignment.dtype == memory.dtype == tf.float32


@pytest.mark.parametrize("kind", ATTENTIVE)
def test_alignment_covers_the_source_alone(kind):
    model = build(**KINDS[kind])
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


def test_after_attends_with_the_output_of_the_step():
    model = build(attention="general", cell="gru")
    decoder = model.decoder
    memory, state = model.encode(SOURCE, SOURCE_LENGTH)
    output = decoder.step(TARGET[:, 1], state, memory, SOURCE_LENGTH)
    cell = decoder.stack.cells[0]
    hidden = cell.step(cell.project(decoder.embedding(TARGET[:, 1])), [state], None)[0]  # a GRU's state is its output
    found = decoder.attention(hidden[:, tf.newaxis], decoder.attention.recall(memory, SOURCE_LENGTH))
    combined = np.tanh(
        np.concatenate([found.context[:, 0], hidden], axis=1) @ decoder.combine.kernel + decoder.combine.bias
    )
    np.testing.assert_allclose(output.alignment, found.alignment[:, 0], atol=1e-6)
    np.testing.assert_allclose(
        output.logits, combined @ decoder.output_layer.kernel + decoder.output_layer.bias, atol=1e-5
    )


def test_before_attends_with_the_top_output_of_the_step_before():
    model = build(attention="additive", attention_place="before", cell="lstm", decoder_layers=2)
    decoder = model.decoder
    memory, state = model.encode(SOURCE, SOURCE_LENGTH)
    state = decoder.step(TARGET[:, 0], state, memory, SOURCE_LENGTH).state
    h1, c1, h2, c2 = tf.split(state, 4, axis=1)
    found = decoder.attention(h2[:, tf.newaxis], decoder.attention.recall(memory, SOURCE_LENGTH))
    lower, upper = decoder.stack.cells
    inputs = tf.concat([decoder.embedding(TARGET[:, 1]), found.context[:, 0]], axis=1)
    h1, c1 = lower.step(lower.project(inputs), [h1, c1], None)
    h2, c2 = upper.step(upper.project(h1), [h2, c2], None)
    output = decoder.step(TARGET[:, 1], state, memory, SOURCE_LENGTH)
    np.testing.assert_allclose(output.alignment, found.alignment[:, 0], atol=1e-6)
    np.testing.assert_allclose(output.state, tf.concat([h1, c1, h2, c2], axis=1), atol=1e-6)


def test_outputs_are_normalized_and_states_are_not():
    model = build(attention="none", cell="gru", decoder_layers=2, residual=True, layer_normalization=True)
    decoder = model.decoder
    memory, state = model.encode(SOURCE, SOURCE_LENGTH)
    output = decoder.step(TARGET[:, 1], state, memory, SOURCE_LENGTH)
    inputs, states = decoder.embedding(TARGET[:, 1]), []
    for cell, layer, before in zip(
        decoder.stack.cells, decoder.stack.normalizations, tf.split(state, 2, axis=1), strict=True
    ):
        states += cell.step(cell.project(inputs), [before], None)
        inputs += normalize(states[-1].numpy(), layer)
    np.testing.assert_allclose(output.state, tf.concat(states, axis=1), atol=1e-6)
    np.testing.assert_allclose(output.logits, decoder.logits(inputs), atol=1e-5)


def test_input_feeding_equals_a_loop_in_numpy():
    model = build(attention="general", attention_place="input_feeding", cell="simple_rnn")
    decoder = model.decoder
    cell, kernel = decoder.stack.cells[0], decoder.attention.kernel.numpy()
    encoded = model.encoder(SOURCE, SOURCE_LENGTH)
    memory, state = model.encode(SOURCE, SOURCE_LENGTH)
    logits, alignment = loop(model, state, memory)
    for row in range(3):
        values = encoded.outputs.numpy()[row, : SOURCE_LENGTH[row]]
        hidden, vector = state.numpy()[row, :4], np.zeros(4)
        assert not state.numpy()[row, 4:].any()
        for time, token in enumerate(TARGET.numpy()[row]):
            inputs = np.concatenate([decoder.embedding.embeddings.numpy()[token], vector])
            hidden = np.tanh(inputs @ cell.kernel.numpy() + hidden @ cell.recurrent_kernel.numpy() + cell.bias.numpy())
            scores = np.exp(values @ (hidden @ kernel))
            context = scores @ values / scores.sum()
            combine, output = decoder.combine, decoder.output_layer
            vector = np.tanh(np.concatenate([context, hidden]) @ combine.kernel.numpy() + combine.bias.numpy())
            np.testing.assert_allclose(alignment[row, time, : len(values)], scores / scores.sum(), atol=1e-5)
            expected = vector @ output.kernel.numpy() + output.bias.numpy()
            np.testing.assert_allclose(logits[row, time], expected, atol=1e-5)


def test_the_bridge_maps_all_final_states_to_each_state_tensor():
    model = build(cell="lstm", encoder_layers=2)
    encoded = model.encoder(SOURCE, SOURCE_LENGTH)
    finals = np.concatenate(encoded.final_states, axis=1)
    hidden, carry = model.decoder.bridge
    expected = [np.tanh(finals @ hidden.kernel + hidden.bias), finals @ carry.kernel + carry.bias]
    np.testing.assert_allclose(model.decoder.initial_state(encoded), np.concatenate(expected, axis=1), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_on_some_rows_gives_the_same_as_on_all(kind):
    model = build(**KINDS[kind])
    memory, state = model.encode(SOURCE, SOURCE_LENGTH)
    all_rows = model.decoder.step(TARGET[:, 0], state, memory, SOURCE_LENGTH)
    one_row = model.decoder.step(TARGET[1:2, 0], state[1:2], memory[1:2, :2], SOURCE_LENGTH[1:2])
    np.testing.assert_allclose(one_row.logits[0], all_rows.logits[1], atol=1e-5)
