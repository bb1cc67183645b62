"""Optimisers against their papers' formulas, and the settings that each of them has."""

import keras
import numpy as np
import pydantic
import pytest
import tensorflow as tf

from trainer.config.optimizer import SETTINGS, OptimizerConfig
from trainer.learning.gradients import dense_gradients
from trainer.learning.optimizer import create_optimizer

KERNEL, BIAS = [[1.0, -2.0], [0.5, 4.0]], [3.0, -1.0]
GRADIENTS = [np.array([[0.1, 0.2], [-0.3, 0.4]], np.float32), np.array([0.5, -0.5], np.float32)]


def step_with(**settings):
    """The weights after one step."""
    variables = [keras.Variable(KERNEL, name="kernel"), keras.Variable(BIAS, name="bias")]
    settings = {"clip_norm": None, "learning_rate": 0.1, **settings}
    create_optimizer(OptimizerConfig(**settings), variables).apply(GRADIENTS, variables)
    return [variable.numpy() for variable in variables]


def test_gradient_descent_with_clipping():
    norm = np.sqrt(sum((gradient**2).sum() for gradient in GRADIENTS))
    for clip_norm, scale in ((None, 1.0), (norm / 4, 0.25), (norm * 4, 1.0)):
        kernel, bias = step_with(name="sgd", clip_norm=None if clip_norm is None else float(clip_norm))
        np.testing.assert_allclose(kernel, KERNEL - 0.1 * scale * GRADIENTS[0], rtol=1e-5)
        np.testing.assert_allclose(bias, BIAS - 0.1 * scale * GRADIENTS[1], rtol=1e-5)


def test_the_first_step_of_adam_is_the_sign_and_weight_decay_spares_the_bias():
    kernel, bias = step_with(name="adamw", weight_decay=0.2, epsilon=1e-12)
    np.testing.assert_allclose(kernel, np.multiply(KERNEL, 1 - 0.2 * 0.1) - 0.1 * np.sign(GRADIENTS[0]), rtol=1e-5)
    np.testing.assert_allclose(bias, BIAS - 0.1 * np.sign(GRADIENTS[1]), rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "peer"),
    [
        ({"name": "adam", "beta_1": 0.8, "beta_2": 0.9}, keras.optimizers.Adam(0.1, beta_1=0.8, beta_2=0.9)),
        ({"name": "adamw", "clip_norm": 0.3}, keras.optimizers.AdamW(0.1, global_clipnorm=0.3)),
    ],
    ids=["adam", "adamw"],
)
def test_many_steps_of_adam_are_those_of_keras(settings, peer):
    random = np.random.default_rng(1)
    own, others = ([keras.Variable(KERNEL), keras.Variable(KERNEL)] for _ in range(2))
    optimizer = create_optimizer(OptimizerConfig(**{"clip_norm": None, "learning_rate": 0.1, **settings}), own)
    for rate in (0.1, 0.1, 0.05, 0.02, 0.02):
        gradients = [random.normal(size=(2, 2)).astype(np.float32) for _ in own]
        for each, variables in ((optimizer, own), (peer, others)):
            each.learning_rate = rate
            each.apply(gradients, variables)
    for ours, theirs in zip(optimizer.variables, peer.variables, strict=True):
        # In single precision, which the operation computes it in, 1 - 0.999 is off by 1.3e-5 of itself.
        np.testing.assert_allclose(ours, theirs, rtol=3e-5, err_msg=ours.path)
    np.testing.assert_allclose(own, others, rtol=1e-5)


def test_the_bias_of_a_gru_has_two_rows_and_does_not_decay():
    bias = keras.Variable(np.ones((2, 3)), name="bias")
    create_optimizer(OptimizerConfig(name="sgd", weight_decay=0.5), [bias]).apply([np.zeros((2, 3))], [bias])
    np.testing.assert_array_equal(bias, np.ones((2, 3)))


def test_rmsprop_takes_its_rho_from_beta_2():
    kernel, _ = step_with(name="rmsprop", beta_2=0.75, epsilon=1e-12)
    np.testing.assert_allclose(kernel, KERNEL - 0.1 * np.sign(GRADIENTS[0]) / np.sqrt(0.25), rtol=1e-5)


def test_adafactor_follows_the_learning_rate_up_to_its_own_limit():
    changes = [step_with(name="adafactor", learning_rate=rate)[0] - KERNEL for rate in (0.01, 0.1, 1.0, 10.0)]
    for change, times in zip(changes[1:], (10, 100, 100), strict=True):
        np.testing.assert_allclose(change, times * changes[0], rtol=1e-4)


def test_the_gradient_of_a_token_that_is_there_twice_is_added_up_first():
    table = keras.Variable([[1.0], [2.0], [4.0]])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.gather(table.value, [1, 1, 2]) * [[3.0], [4.0], [5.0]])
    (gradient,) = dense_gradients(tape, loss, [table])
    np.testing.assert_array_equal(gradient, [[0.0], [7.0], [5.0]])


@pytest.mark.parametrize("name", SETTINGS)
def test_every_optimizer_takes_all_its_settings_and_changes_the_weights(name):
    settings = dict.fromkeys(SETTINGS[name], 0.01)
    kernel, bias = step_with(name=name, **settings)
    assert (kernel != KERNEL).all()
    assert (bias != BIAS).all()
    assert np.isfinite(kernel).all()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"name": "sgd", "beta_1": 0.9}, "beta_1 is 0.9: sgd has no such setting, but momentum, weight_decay"),
        (
            {"weight_decay": 0.1},
            "weight_decay is 0.1: adam has no such setting, but .* adamw is Adam with weight decay",
        ),
        ({"name": "lion", "epsilon": 0.1}, "epsilon is 0.1: lion has no such setting"),
    ],
)
def test_settings_of_other_optimizers_are_refused(settings, said):
    with pytest.raises(pydantic.ValidationError, match=said):
        OptimizerConfig(**settings)
