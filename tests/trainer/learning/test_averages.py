"""Averages of weights against NumPy, and accumulated gradients against one large batch."""

import keras
import numpy as np

from tests.trainer.learning.toy_batches import BATCH, toy_model
from trainer.config.objective import ObjectiveConfig
from trainer.config.optimizer import OptimizerConfig
from trainer.learning.accumulation import AccumulatedStep
from trainer.learning.best_weights import BestWeights
from trainer.learning.moving_average import MovingAverage
from trainer.learning.objective import Objective
from trainer.learning.optimizer import create_optimizer
from trainer.learning.steps import training_step


def test_the_moving_average_begins_with_a_short_memory():
    weight = keras.Variable([1.0, -1.0])
    average = MovingAverage([weight], 0.5)
    expected = np.array([1.0, -1.0])
    rng = np.random.default_rng(0)
    # (1 + n) / (10 + n) reaches 0.5 at step 8.
    for step, decay in enumerate([2 / 11, 3 / 12, 4 / 13, 5 / 14, 6 / 15, 7 / 16, 8 / 17, 0.5, 0.5, 0.5], start=1):
        value = rng.normal(size=2).astype(np.float32)
        weight.assign(value)
        average.update(step)
        expected = decay * expected + (1 - decay) * value
        np.testing.assert_allclose(average.variables[0], expected, rtol=1e-5)


def test_the_moving_average_takes_the_place_of_the_weights_for_a_while():
    weight = keras.Variable([1.0])
    average = MovingAverage([weight], 0.9)
    weight.assign([2.0])
    try:
        with average.in_place():
            assert weight.numpy() == 1.0
            raise KeyError
    except KeyError:
        assert weight.numpy() == 2.0


def test_the_best_weights_and_their_mean():
    weight = keras.Variable([0.0])
    best = BestWeights([weight], 3)
    for epoch, value in enumerate([9.0, 3.0, 5.0, 3.0, 4.0], start=1):
        weight.assign([float(10**epoch)])
        best.offer(epoch, value)
    assert best.epochs == [2, 4, 5]
    best.assign_best()
    assert weight.numpy() == 100.0
    best.assign_mean()
    np.testing.assert_allclose(weight.numpy(), [(100 + 10_000 + 100_000) / 3])


def test_accumulated_batches_give_the_step_of_one_batch_of_all_their_pairs():
    one_by_one = [{name: value[row : row + 1] for name, value in BATCH.items()} for row in range(2)]
    # Rows of 4 and of 2 tokens: a mean of their means would be another step.
    weights, totals = [], []
    for accumulated in (False, True):
        model = toy_model()
        # Its step shows the gradient's size, where Adam's first one shows its sign alone.
        config = OptimizerConfig(name="sgd", learning_rate=0.5, momentum=0.9, clip_norm=1.0)
        optimizer = create_optimizer(config, model.trainable_variables)
        objective = Objective(model, ObjectiveConfig(label_smoothing=0.1), seed=1, steps=0)
        for _ in range(3):
            if accumulated:
                shown = AccumulatedStep(model, optimizer, objective)(one_by_one)
            else:
                shown = training_step(model, optimizer, objective)(BATCH)
        weights.append(model.get_weights())
        totals.append(shown)
    np.testing.assert_allclose(*totals, rtol=1e-5)
    for one, other, before in zip(*weights, toy_model().get_weights(), strict=True):
        # Three steps of half the gradient add up what CPUs round by the width of their vectors.
        np.testing.assert_allclose(one, other, atol=1e-4)
        assert np.abs(one - before).max() > 1e-3


def test_an_accumulated_step_forgets_the_gradients_of_the_step_before():
    model = toy_model()
    optimizer = create_optimizer(OptimizerConfig(name="sgd", learning_rate=0.1), model.trainable_variables)
    step = AccumulatedStep(model, optimizer, Objective(model, ObjectiveConfig(), seed=1, steps=0))
    batch = {name: value[:1] for name, value in BATCH.items()}
    losses = [float(step([batch, batch]).loss) for _ in range(4)]
    other = toy_model()
    optimizer = create_optimizer(OptimizerConfig(name="sgd", learning_rate=0.1), other.trainable_variables)
    plain = training_step(other, optimizer, Objective(other, ObjectiveConfig(), seed=1, steps=0))
    np.testing.assert_allclose(losses, [2 * float(plain(batch).loss) for _ in range(4)], rtol=1e-5)
