"""Weights of pairs in the objective."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.learning.toy_batches import BATCH, TOKENS, log_softmax, objective_of, toy_model
from trainer.learning.loss import token_totals
from trainer.learning.steps import training_step

SETTINGS = [{}, {"label_smoothing": 0.1, "guided_attention": {"weight": 2.0}}, {"r_drop": 5.0}]


def value_and_gradient(model, batch, settings):
    """The mean loss, and its gradient by all weights of the model, flat."""
    objective = objective_of(model, **settings)
    with tf.GradientTape() as tape:
        totals = objective(batch)
        mean = totals.objective / totals.weight
    gradient = tape.gradient(mean, model.trainable_variables)
    return float(mean), np.concatenate([np.ravel(tf.convert_to_tensor(part)) for part in gradient])


def weighted(*weights):
    return {**BATCH, "example_weight": tf.constant(weights, tf.float32)}


def test_the_mean_is_over_the_weights_of_the_tokens():
    model = toy_model()
    log_probs = log_softmax(model(BATCH))
    weights = [0.5, 3.0]
    totals = objective_of(model)(weighted(*weights))
    expected = -sum(weights[place[0]] * log_probs[place] for place in TOKENS)
    np.testing.assert_allclose(totals.objective, expected, rtol=1e-5)
    np.testing.assert_allclose(totals.weight, 0.5 * 4 + 3.0 * 2)
    np.testing.assert_allclose(totals.objective / totals.weight, expected / 8, rtol=1e-5)
    np.testing.assert_allclose(totals.shown, token_totals(model, BATCH), rtol=1e-6)


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_pair_of_weight_0_changes_nothing(settings):
    model = toy_model()
    value, gradient = value_and_gradient(model, weighted(2.0, 0.0), settings)
    without = {name: tensor[:1] for name, tensor in weighted(2.0, 0.0).items()}
    alone, alone_gradient = value_and_gradient(model, without, settings)
    assert value == pytest.approx(alone, rel=1e-6)
    np.testing.assert_allclose(gradient, alone_gradient, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_whole_weight_is_as_if_the_pair_were_there_so_many_times(settings):
    model = toy_model()
    repeated = {name: tf.repeat(tensor, [1, 3], axis=0) for name, tensor in BATCH.items()}
    value, gradient = value_and_gradient(model, weighted(1.0, 3.0), settings)
    as_often, gradient_as_often = value_and_gradient(model, repeated, settings)
    assert value == pytest.approx(as_often, rel=1e-5)
    np.testing.assert_allclose(gradient, gradient_as_often, rtol=1e-4, atol=1e-6)


def test_a_batch_without_weight_teaches_nothing():
    model = toy_model()
    before = model.get_weights()
    shown = training_step(model, keras.optimizers.SGD(1.0), objective_of(model))(weighted(0.0, 0.0))
    np.testing.assert_allclose(shown, token_totals(model, BATCH), rtol=1e-6)
    for weights, same in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weights, same)
