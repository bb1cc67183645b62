"""Label smoothing against Keras, given the distributions written down."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.learning.toy_batches import (
    BATCH,
    TOKENS,
    VOCABULARY,
    log_softmax,
    objective_of,
    smoothed_distributions,
    toy_model,
)
from trainer.learning.label_smoothing import smoothed_cross_entropy
from trainer.learning.loss import token_totals


@pytest.mark.parametrize("smoothing", [0.1, 0.9])
def test_value_and_gradient_are_those_of_the_distributions_written_down(smoothing):
    rng = np.random.default_rng(3)
    ids = rng.integers(1, VOCABULARY, size=20)
    logits = tf.constant(rng.normal(scale=4, size=(20, VOCABULARY)), tf.float32)
    wanted = smoothed_distributions(ids, smoothing)
    np.testing.assert_allclose(wanted.sum(axis=1), 1.0)

    with tf.GradientTape() as tape:
        tape.watch(logits)
        losses = smoothed_cross_entropy(tf.constant(ids), logits, smoothing)

    np.testing.assert_allclose(losses, keras.losses.categorical_crossentropy(wanted, logits, True), rtol=1e-5)
    # The gradient is what the model says less what it should say.
    np.testing.assert_allclose(tape.gradient(losses, logits), np.exp(log_softmax(logits)) - wanted, atol=1e-5)


def test_training_minimises_the_smoothed_loss_and_shows_the_plain_one():
    model = toy_model()
    log_probs = log_softmax(model(BATCH))
    totals = objective_of(model, label_smoothing=0.2)(BATCH)
    wanted = smoothed_distributions([token for _, _, token in TOKENS], 0.2)
    expected = -sum((wanted[index] * log_probs[row, time]).sum() for index, (row, time, _) in enumerate(TOKENS))
    np.testing.assert_allclose(totals.objective, expected, rtol=1e-5)
    assert totals.weight == 6
    np.testing.assert_allclose(totals.shown, token_totals(model, BATCH), rtol=1e-6)


def test_without_settings_the_objective_is_cross_entropy():
    model = toy_model()
    totals = objective_of(model)(BATCH)
    np.testing.assert_array_equal(totals.objective, totals.shown.loss)
    assert totals.weight == totals.shown.tokens == 6
