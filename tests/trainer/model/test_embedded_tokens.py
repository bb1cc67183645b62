"""Tokens that a recurrent layer reads without their vectors, against the vectors looked up."""

import random

import numpy as np
import pytest
import tensorflow as tf

from trainer.config.model import ModelConfig
from trainer.model.cells import CELLS
from trainer.model.embedding import EmbeddedTokens, TokenEmbedding
from trainer.model.recurrence import recur, recur_backward

TIME, BATCH = 5, 3
LENGTHS = tf.constant([5, 2, 0])


def values_and_gradients(inputs, cell, embedding, run):
    weights = [embedding.embeddings.value, *(weight.value for weight in cell.trainable_variables)]
    with tf.GradientTape() as tape:
        result = run(cell, inputs())
        loss = tf.reduce_sum(tf.sin(result.outputs)) + sum(tf.reduce_sum(state**2) for state in result.final_states)
    gradients = [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, weights)]
    return [result.outputs, *result.final_states, *gradients]


RUNS = {
    "forward": lambda cell, inputs: recur(cell, inputs),
    "forward_in_training": lambda cell, inputs: recur(cell, inputs, lengths=LENGTHS, training=True),
    "backward": lambda cell, inputs: recur_backward(cell, inputs, LENGTHS),
    "backward_in_training": lambda cell, inputs: recur_backward(cell, inputs, LENGTHS, training=True),
}


@pytest.mark.parametrize("vocabulary", [4, 100])
@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("name", CELLS)
def test_a_layer_reads_tokens_as_their_vectors(name, run, vocabulary):
    seeds = random.Random(1)
    embedding = TokenEmbedding(ModelConfig(embedding_size=6), vocabulary, seeds)
    cell = CELLS[name](6, 7, seeds)
    cell.bias.assign(np.random.default_rng(2).normal(size=cell.bias.shape))
    ids = tf.constant(np.random.default_rng(3).integers(0, vocabulary, (TIME, BATCH)))
    tokens, vectors = (
        values_and_gradients(inputs, cell, embedding, RUNS[run])
        for inputs in (lambda: EmbeddedTokens(ids, embedding), lambda: embedding.embed(ids, None))
    )
    for found, expected in zip(tokens, vectors, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
