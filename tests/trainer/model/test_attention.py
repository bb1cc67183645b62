"""Attention against NumPy and Keras."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.config.model import ModelConfig
from trainer.model.attention import ATTENTIONS

BATCH, QUERIES, SOURCE, QUERY_WIDTH, VALUE_WIDTH = 3, 2, 5, 6, 8
LENGTHS = np.array([5, 2, 1])
HEADS = 2
MULTI_HEAD = "multi_head"
SINGLE_HEAD = [name for name in ATTENTIONS if name != MULTI_HEAD]


def build(name, scaled=False):
    rng = np.random.default_rng(3)
    query_width = VALUE_WIDTH if name == "dot" else QUERY_WIDTH
    config = ModelConfig(
        attention=name,
        attention_scaled=scaled,
        attention_heads=HEADS,
        encoder_units=VALUE_WIDTH // 2,
        decoder_units=query_width,
    )
    attention = ATTENTIONS[name](config, VALUE_WIDTH, random.Random(3))
    for variable in attention.trainable_variables:
        variable.assign(rng.normal(size=variable.shape))
    query = rng.normal(size=(BATCH, QUERIES, query_width)).astype(np.float32)
    values = rng.normal(size=(BATCH, SOURCE, VALUE_WIDTH)).astype(np.float32)
    return attention, query, values


def attend(attention, query, values, lengths):
    memory = attention.memorize(tf.constant(values))
    return attention(tf.constant(query), attention.recall(memory, tf.constant(lengths)))


def score_of(attention, name, scaled, query, value):
    """Score of one query and one value by the papers' formulas."""
    if name == "additive":
        weights = {variable.name: variable.numpy() for variable in attention.trainable_variables}
        hidden = np.tanh(query @ weights["query_kernel"] + value @ weights["key_kernel"] + weights["key_bias"])
        vector = weights["score_kernel"][:, 0]
        if scaled:
            vector = weights["score_length"] * vector / np.sqrt(np.sum(vector**2))
        return hidden @ vector
    score = query @ value if name == "dot" else query @ attention.kernel.numpy() @ value
    return score / np.sqrt(VALUE_WIDTH) if scaled else score


@pytest.mark.parametrize("name", SINGLE_HEAD)
@pytest.mark.parametrize("scaled", [False, True])
def test_context_and_alignment_follow_the_paper(name, scaled):
    attention, query, values = build(name, scaled)
    context, alignment = attend(attention, query, values, LENGTHS)
    for row in range(BATCH):
        for place in range(QUERIES):
            real = values[row, : LENGTHS[row]]
            weights = np.exp([score_of(attention, name, scaled, query[row, place], value) for value in real])
            weights /= weights.sum()
            np.testing.assert_allclose(alignment[row, place, : LENGTHS[row]], weights, atol=1e-5)
            np.testing.assert_allclose(context[row, place], weights @ real, atol=1e-5)
            assert not np.any(alignment[row, place, LENGTHS[row] :])


def test_several_heads_equal_keras():
    attention, query, values = build(MULTI_HEAD, scaled=True)
    context, alignment = attend(attention, query, values, LENGTHS)
    theirs = keras.layers.MultiHeadAttention(HEADS, QUERY_WIDTH // HEADS, use_bias=False)
    theirs.build(query.shape, values.shape)
    kernels = [attention.query_kernel, attention.key_kernel, attention.value_kernel, attention.output_kernel]
    by_name = {variable.path.split("/")[-2]: variable for variable in theirs.trainable_variables}
    names = ["query", "key", "value", "attention_output"]
    for name, kernel in zip(names, kernels, strict=True):
        by_name[name].assign(np.reshape(kernel, by_name[name].shape))
    mask = np.arange(SOURCE) < LENGTHS[:, np.newaxis, np.newaxis]
    expected, by_head = theirs(
        tf.constant(query),
        tf.constant(values),
        attention_mask=np.broadcast_to(mask, (BATCH, QUERIES, SOURCE)),
        return_attention_scores=True,
    )
    np.testing.assert_allclose(context, expected, atol=1e-5)
    np.testing.assert_allclose(alignment, np.mean(by_head, axis=1), atol=1e-6)


def test_scores_of_heads_that_are_not_scaled_are_larger_by_the_root_of_a_heads_width():
    (scaled, query, values), (plain, _, _) = build(MULTI_HEAD, scaled=True), build(MULTI_HEAD)
    keys = plain.recall(plain.memorize(tf.constant(values)), tf.constant(LENGTHS)).keys
    expected = scaled.scores(tf.constant(query), keys) * np.sqrt(QUERY_WIDTH / HEADS).astype(np.float32)
    np.testing.assert_allclose(plain.scores(tf.constant(query), keys), expected, rtol=1e-5)


def test_the_learned_length_of_an_additive_score_starts_small():
    attention = ATTENTIONS["additive"](ModelConfig(attention="additive", attention_scaled=True), 5, random.Random(1))
    np.testing.assert_allclose(attention.score_length, 1 / 16)  # 256 units


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


def test_additive_projects_the_source_once():
    attention, _, values = build("additive")
    memory = attention.memorize(tf.constant(values))
    assert memory.shape == (BATCH, SOURCE, VALUE_WIDTH + QUERY_WIDTH)
    np.testing.assert_array_equal(memory[:, :, :VALUE_WIDTH], values)
