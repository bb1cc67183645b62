"""Attention against NumPy."""

import random

import numpy as np
import pytest
import tensorflow as tf

from trainer.model.attention import ATTENTIONS

BATCH, QUERIES, SOURCE, QUERY_WIDTH, VALUE_WIDTH = 3, 2, 5, 4, 6
LENGTHS = np.array([5, 2, 1])


def build(name):
    rng = np.random.default_rng(3)
    attention = ATTENTIONS[name](QUERY_WIDTH, VALUE_WIDTH, random.Random(3))
    for variable in attention.trainable_variables:
        variable.assign(rng.normal(size=variable.shape))
    query = rng.normal(size=(BATCH, QUERIES, QUERY_WIDTH)).astype(np.float32)
    values = rng.normal(size=(BATCH, SOURCE, VALUE_WIDTH)).astype(np.float32)
    return attention, query, values


def attend(attention, query, values, lengths):
    memory = attention.memorize(tf.constant(values))
    return attention(tf.constant(query), attention.recall(memory, tf.constant(lengths)))


def scores_of(attention, name, query, value):
    """Score of one query and one value by the papers' formulas."""
    if name == "luong":
        return query @ attention.kernel.numpy() @ value
    hidden = query @ attention.query_kernel.numpy() + value @ attention.key_kernel.numpy() + attention.key_bias.numpy()
    return np.tanh(hidden) @ attention.score_kernel.numpy()[:, 0]


@pytest.mark.parametrize("name", ATTENTIONS)
def test_context_and_alignment_follow_the_paper(name):
    attention, query, values = build(name)
    context, alignment = attend(attention, query, values, LENGTHS)
    for row in range(BATCH):
        for place in range(QUERIES):
            real = values[row, : LENGTHS[row]]
            weights = np.exp([scores_of(attention, name, query[row, place], value) for value in real])
            weights /= weights.sum()
            np.testing.assert_allclose(alignment[row, place, : LENGTHS[row]], weights, atol=1e-5)
            np.testing.assert_allclose(context[row, place], weights @ real, atol=1e-5)
            assert not np.any(alignment[row, place, LENGTHS[row] :])


@pytest.mark.parametrize("name", ATTENTIONS)
def test_padding_is_not_read_whatever_it_holds(name):
    attention, query, values = build(name)
    longer = np.concatenate([values, np.full((BATCH, 3, VALUE_WIDTH), 1e6, np.float32)], axis=1)
    found = attend(attention, query, longer, LENGTHS)
    expected = attend(attention, query, values, LENGTHS)
    np.testing.assert_allclose(found.context, expected.context, atol=1e-6)
    np.testing.assert_allclose(found.alignment[:, :, :SOURCE], expected.alignment, atol=1e-6)


@pytest.mark.parametrize("name", ATTENTIONS)
def test_a_row_without_source_gives_finite_numbers_and_gradients(name):
    attention, query, values = build(name)
    query = tf.constant(query)
    with tf.GradientTape() as tape:
        tape.watch(query)
        context = attend(attention, query, values, np.array([5, 0, 1])).context
    assert np.all(np.isfinite(context))
    assert np.all(np.isfinite(tape.gradient(context, query)))


def test_bahdanau_projects_the_source_once():
    attention, _, values = build("bahdanau")
    memory = attention.memorize(tf.constant(values))
    assert memory.shape == (BATCH, SOURCE, VALUE_WIDTH + QUERY_WIDTH)
    np.testing.assert_array_equal(memory[:, :, :VALUE_WIDTH], values)
