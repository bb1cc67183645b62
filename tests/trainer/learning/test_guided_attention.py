"""Guided attention against its formula, written out in loops."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.attention_kinds import ATTENTIVE, KINDS
from tests.trainer.learning.toy_batches import BATCH, TOKENS, objective_of, toy_model
from trainer.learning.guided_attention import guided_attention_penalty
from trainer.learning.steps import training_step


def penalty_of(alignment, source_length, target_length, time, width):
    """The penalty of one step by the paper's formula; alignment [source]."""
    return sum(
        alignment[position] * (1 - math.exp(-((position / source_length - time / target_length) ** 2) / (2 * width**2)))
        for position in range(source_length)
    )


def test_the_penalty_is_that_of_the_formula():
    rng = np.random.default_rng(2)
    source_length, target_length = [5, 2, 1], [3, 4, 1]
    alignment = rng.random((3, 4, 5))
    for row, length in enumerate(source_length):
        alignment[row, :, length:] = 0
    alignment /= alignment.sum(axis=2, keepdims=True)
    found = guided_attention_penalty(
        tf.constant(alignment, tf.float32), tf.constant(source_length), tf.constant(target_length), 0.3
    ).numpy()
    for row in range(3):
        for time in range(target_length[row]):
            expected = penalty_of(alignment[row, time], source_length[row], target_length[row], time, 0.3)
            assert found[row, time] == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_looking_along_the_diagonal_costs_nothing_and_across_it_almost_all():
    along, across = tf.eye(8)[tf.newaxis], tf.reverse(tf.eye(8), [1])[tf.newaxis]
    lengths = tf.constant([8]), tf.constant([8])
    np.testing.assert_allclose(guided_attention_penalty(along, *lengths, 0.2), 0.0, atol=1e-7)
    assert guided_attention_penalty(across, *lengths, 0.2)[0, 0] > 0.99


@pytest.mark.parametrize("kind", ATTENTIVE)
def test_the_objective_adds_the_weighted_penalty_of_the_steps_alignments(kind):
    model = toy_model(**KINDS[kind])
    memory, state = model.encode(BATCH["source_ids"], BATCH["source_length"])
    penalty, alignments = 0.0, []
    for time in range(4):
        output = model.decoder.step(BATCH["target_input_ids"][:, time], state, memory, BATCH["source_length"])
        alignments.append(output.alignment.numpy())
        state = output.state
    for row, time, _ in TOKENS:
        lengths = int(BATCH["source_length"][row]), int(BATCH["target_length"][row])
        penalty += penalty_of(alignments[time][row], *lengths, time, 0.25)

    totals = objective_of(model, guided_attention={"weight": 3.0, "width": 0.25})(BATCH)
    plain = objective_of(model)(BATCH)
    np.testing.assert_allclose(totals.objective - plain.objective, 3 * penalty, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(totals.shown, plain.shown, rtol=1e-6)


@pytest.mark.parametrize("kind", ["general", "additive_fed"])
def test_training_by_it_moves_attention_to_the_diagonal(kind):
    model = toy_model(**KINDS[kind])
    guided = objective_of(model, guided_attention={"weight": 100.0})

    def penalty():
        alignment = model.teacher_forcing(BATCH).alignment
        found = guided_attention_penalty(alignment, BATCH["source_length"], BATCH["target_length"], 0.2)
        return float(tf.reduce_mean(tf.boolean_mask(found, BATCH["target_output_ids"] != 0)))

    optimizer = keras.optimizers.Adam(0.03)
    before = penalty()
    optimizer.build(model.trainable_variables)
    step = training_step(model, optimizer, guided)
    for _ in range(60):
        step(BATCH)
    assert penalty() < before / 2
