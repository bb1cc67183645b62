"""Products of 16 bits in training: close to float32 in what is learned, and gone in evaluation."""

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.learning.toy_batches import BATCH, toy_model
from trainer.config.training import TrainingConfig
from trainer.learning.learner import Learner
from trainer.learning.schedule import Schedule
from trainer.learning.steps import evaluation_step

PRECISIONS = ["mixed_bfloat16", "mixed_float16"]


def train(precision, accumulate_batches=1, steps=60):
    """The losses of a training on one batch, and the loss that evaluation finds after it."""
    training = TrainingConfig(
        precision=precision, optimizer={"learning_rate": 0.01, "accumulate_batches": accumulate_batches}
    )
    model = toy_model()
    learner = Learner(model, training, Schedule(training.schedule, 0.01))
    losses = []
    for step in range(1, steps + 1):
        totals = learner.take_step([BATCH] * accumulate_batches, step, plateaus=0)
        losses.append(float(totals.loss / totals.tokens))
    totals = evaluation_step(model)(BATCH)
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
    return losses, float(totals.loss / totals.tokens)


@pytest.mark.parametrize("accumulate_batches", [1, 2])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_training_goes_as_in_float32(precision, accumulate_batches):
    exact, exact_loss = train("float32", accumulate_batches)
    rounded, rounded_loss = train(precision, accumulate_batches)
    assert exact_loss < exact[0] / 4
    assert rounded[0] != exact[0]
    # A loss scale that begins too high skips steps until it has come down.
    assert rounded_loss < exact[0] / 3
    np.testing.assert_allclose(rounded[0], exact[0], rtol=0.02)


def test_evaluation_computes_in_float32():
    model = toy_model()
    graph = evaluation_step(model).get_concrete_function(BATCH).graph
    bodies = [graph, *(function.graph for function in graph._functions.values())]
    dtypes = {tensor.dtype for body in bodies for operation in body.get_operations() for tensor in operation.outputs}
    assert tf.float32 in dtypes
    assert tf.bfloat16 not in dtypes


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="precision"):
        TrainingConfig(precision="bfloat16")
