"""The encoder against the Keras layers of the same weights."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.config.model import ModelConfig
from trainer.model.encoder import Encoder

IDS = np.array([[5, 6, 7, 3], [8, 3, 0, 0], [3, 0, 0, 0]])
LENGTHS = np.array([4, 2, 1])


def build(**settings):
    return Encoder(ModelConfig(embedding_size=6, encoder_units=3, **settings), 12, random.Random(4))


def normalize(values, layer):
    """Layer normalization by its formula."""
    centred = values - values.mean(axis=-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    return centred / deviation * layer.gamma.numpy() + layer.beta.numpy()


@pytest.mark.parametrize(("residual", "normalized"), [(False, False), (True, False), (False, True), (True, True)])
def test_two_bidirectional_layers_equal_keras(residual, normalized):
    encoder = build(cell="gru", encoder_layers=2, residual=residual, layer_normalization=normalized)
    rng = np.random.default_rng(4)
    mask = tf.sequence_mask(LENGTHS, 4)
    sequence = tf.gather(encoder.embedding.embeddings.value, IDS)
    final_states = []
    for layer in encoder.layers:
        theirs = keras.layers.Bidirectional(keras.layers.GRU(3, return_sequences=True, return_state=True))
        theirs.build((3, 4, 6))
        theirs.set_weights([*layer.forward.get_weights(), *layer.backward.get_weights()])
        outputs, *states = theirs(sequence, mask=mask)
        if normalized:
            for variable in layer.normalization.trainable_variables:
                variable.assign(rng.normal(size=variable.shape))
            outputs = normalize(outputs.numpy(), layer.normalization)
        sequence = outputs + sequence if residual else outputs
        final_states += states

    found = encoder(tf.constant(IDS), tf.constant(LENGTHS))

    np.testing.assert_allclose(found.outputs, tf.where(mask[:, :, tf.newaxis], sequence, 0.0), atol=1e-5)
    for one, other in zip(found.final_states, final_states, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_one_direction_sees_no_later_token():
    encoder = build(cell="lstm", bidirectional=False)
    changed = IDS.copy()
    changed[0, 2] = 9
    one = encoder(tf.constant(IDS), tf.constant(LENGTHS)).outputs
    other = encoder(tf.constant(changed), tf.constant(LENGTHS)).outputs
    np.testing.assert_array_equal(one[0, :2], other[0, :2])
    assert np.any(one[0, 2:] != other[0, 2:])


@pytest.mark.parametrize(("cell", "bidirectional", "count"), [("lstm", True, 8), ("lstm", False, 4), ("gru", True, 4)])
def test_final_states_of_every_layer_and_direction(cell, bidirectional, count):
    encoder = build(cell=cell, bidirectional=bidirectional, encoder_layers=2)
    states = encoder(tf.constant(IDS), tf.constant(LENGTHS)).final_states
    assert len(states) == count
    assert sum(state.shape[-1] for state in states) == encoder.state_width


def test_outputs_at_padding_are_zero():
    outputs = build()(tf.constant(IDS), tf.constant(LENGTHS)).outputs.numpy()
    assert not outputs[1, 2:].any()
    assert not outputs[2, 1:].any()
