"""R-Drop against its formulas in NumPy, and what two passes leave as it was."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.learning.toy_batches import (
    BATCH,
    TOKENS,
    log_softmax,
    objective_of,
    smoothed_distributions,
    toy_model,
)
from trainer.learning.loss import token_totals
from trainer.learning.r_drop import divergence, twice
from trainer.learning.steps import training_step

DROPOUTS = [{"dropout": 0.4}, {"dropout": 0.4, "variational_dropout": True}, {"recurrent_dropout": 0.4}]


def divergence_of(log_p, log_q):
    """The mean of both Kullback-Leibler divergences, written out; arguments [vocabulary]."""
    forward = sum(np.exp(p) * (p - q) for p, q in zip(log_p, log_q, strict=True))
    backward = sum(np.exp(q) * (q - p) for p, q in zip(log_p, log_q, strict=True))
    return (forward + backward) / 2


class Recorder:
    """Notes the logits that a model gives while it trains."""

    def __init__(self, model):
        self.logits = None
        self._logits = model.decoder.logits
        model.decoder.logits = self

    def __call__(self, read_out):
        logits = self._logits(read_out)
        self.logits = logits.numpy()
        return logits


def test_the_divergence_is_the_mean_of_both_ways():
    # By hand: p = (1/2, 1/2), q = (1/4, 3/4): KL(p || q) = ln(4/3) / 2, KL(q || p) = ln(27/16) / 4.
    found = divergence(tf.math.log([[0.5, 0.5]]), tf.math.log([[0.25, 0.75]]))
    np.testing.assert_allclose(found, [np.log(4 / 3) / 4 + np.log(27 / 16) / 8], rtol=1e-6)
    rng = np.random.default_rng(4)
    one, other = rng.normal(0, 5, (2, 6, 9))
    expected = [divergence_of(p, q) for p, q in zip(log_softmax(one), log_softmax(other), strict=True)]
    found = divergence(tf.constant(one, tf.float32), tf.constant(other, tf.float32))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_its_gradient_is_that_of_the_formula_by_both_predictions():
    rng = np.random.default_rng(5)
    predictions, weights = rng.normal(0, 2, (2, 3, 5)), np.array([1.0, 0.0, 2.5])

    def total(of_both):
        log_p, log_q = (log_softmax(logits) for logits in of_both)
        return sum(weight * divergence_of(p, q) for weight, p, q in zip(weights, log_p, log_q, strict=True))

    expected = np.zeros_like(predictions)
    for place in np.ndindex(predictions.shape):
        step = np.zeros_like(predictions)
        step[place] = 1e-5
        expected[place] = (total(predictions + step) - total(predictions - step)) / 2e-5
    one, other = tf.unstack(tf.constant(predictions, tf.float32))
    with tf.GradientTape() as tape:
        tape.watch([one, other])
        found = tf.reduce_sum(tf.constant(weights, tf.float32) * divergence(one, other))
    np.testing.assert_allclose(tape.gradient(found, [one, other]), expected, atol=1e-5)


def test_it_stays_a_finite_number_where_a_prediction_is_sure():
    sure, of_another = tf.constant([[1e4, 0.0, 0.0]]), tf.constant([[0.0, 0.0, 1e4]])
    with tf.GradientTape() as tape:
        tape.watch([sure, of_another])
        found = divergence(sure, of_another)
    assert float(found[0]) == pytest.approx(1e4)
    assert all(np.isfinite(gradient).all() for gradient in tape.gradient(found, [sure, of_another]))


@pytest.mark.parametrize("dropout", DROPOUTS)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_objective_is_that_of_the_paper(dropout, smoothing):
    weights = [0.5, 3.0]
    model = toy_model(**dropout)
    recorder = Recorder(model)
    objective = objective_of(model, r_drop=5.0, label_smoothing=smoothing)
    totals = objective({**BATCH, "example_weight": tf.constant(weights)})
    once, again = np.split(log_softmax(recorder.logits), 2)
    wanted = smoothed_distributions([token for _, _, token in TOKENS], smoothing)
    expected = 0.0
    for place, (row, _, _) in enumerate(TOKENS):
        for log_probs in once, again:
            expected -= weights[row] * wanted[place] @ log_probs[place]
        expected += weights[row] * 5.0 * divergence_of(once[place], again[place])
    np.testing.assert_allclose(totals.objective, expected, rtol=1e-4)
    np.testing.assert_allclose(totals.weight, 2 * (4 * 0.5 + 2 * 3.0))
    assert not np.allclose(once, again)
    # What is shown counts a token once.
    assert float(totals.shown.tokens) == len(TOKENS)
    shown = -sum(once[place, token] for place, (_, _, token) in enumerate(TOKENS))
    np.testing.assert_allclose(totals.shown.loss, shown, rtol=1e-5)


def test_two_passes_without_dropout_teach_what_one_does():
    def trained(**settings):
        model = toy_model()
        shown = training_step(model, keras.optimizers.SGD(0.1), objective_of(model, **settings))(BATCH)
        return shown, model.get_weights()

    guided = {"guided_attention": {"weight": 2.0}}
    (shown, weights), (once_shown, once_weights) = trained(r_drop=5.0, **guided), trained(**guided)
    np.testing.assert_allclose(shown, once_shown, rtol=1e-5)
    for found, expected in zip(weights, once_weights, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_training_by_it_brings_predictions_under_dropout_together():
    def apart(r_drop):
        model = toy_model(dropout=0.3)
        optimizer = keras.optimizers.Adam(0.01)
        optimizer.build(model.trainable_variables)
        step = training_step(model, optimizer, objective_of(model, r_drop=r_drop))
        for _ in range(150):
            step(BATCH)
        assert float(token_totals(model, BATCH).loss) < float(token_totals(toy_model(dropout=0.3), BATCH).loss)
        often = {name: tf.repeat(tensor, 50, axis=0) for name, tensor in BATCH.items()}
        once, again = tf.split(model(twice(often), training=True), 2)
        return float(tf.reduce_mean(divergence(once, again)[often["target_output_ids"] != 0]))

    assert apart(r_drop=5.0) < apart(r_drop=0.0) / 2
