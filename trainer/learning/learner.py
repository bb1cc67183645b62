"""What changes while a model trains: its weights, what the optimiser remembers, and the average of the weights."""

import contextlib

import keras
import numpy as np
import tensorflow as tf

from trainer.config.training import Precision, TrainingConfig
from trainer.distribution.replicas import part_random_numbers
from trainer.learning.accumulation import AccumulatedStep
from trainer.learning.loss import TokenTotals
from trainer.learning.moving_average import MovingAverage
from trainer.learning.objective import Objective
from trainer.learning.optimizer import create_optimizer
from trainer.learning.schedule import Schedule
from trainer.learning.steps import training_step
from trainer.model.seq2seq import Seq2Seq

# What products with weights read their operands as.
PRODUCTS: dict[Precision, tf.DType] = {
    "float32": tf.float32,
    "mixed_bfloat16": tf.bfloat16,
    "mixed_float16": tf.float16,
}


class Learner:
    """Takes the steps of a training.

    Args:
        model: The model that is trained.
        training: How it is trained.
        schedule: The learning rate of each step.
    """

    def __init__(self, model: Seq2Seq, training: TrainingConfig, schedule: Schedule):
        self._model = model
        self._schedule = schedule
        self._optimizer = create_optimizer(training.optimizer, model.trainable_variables, training.precision)
        objective = Objective(
            model, training.objective, training.seed, self._optimizer.iterations, PRODUCTS[training.precision]
        )
        if training.optimizer.accumulate_batches > 1:
            self._step = AccumulatedStep(model, self._optimizer, objective)
        else:
            on_batch = training_step(model, self._optimizer, objective)
            self._step = lambda batches: on_batch(*batches)
        decay = training.averaging.ema_decay
        self._average = MovingAverage(model.trainable_variables, decay) if decay else None

    def take_step(self, batches: list[dict[str, tf.Tensor]], step: int, plateaus: int) -> TokenTotals:
        """Takes a step on the batches, and gives their totals to show, from before it.

        Args:
            batches: `optimizer.accumulate_batches` of them at most, as trainer.data.batches.BATCH_SIGNATURE says.
            step: Number of the step, from 1.
            plateaus: As Schedule.learning_rate asks.
        """
        self._optimizer.learning_rate = self._schedule.learning_rate(step, plateaus)
        totals = self._step(batches)
        if self._average is not None:
            self._average.update(step)
        return totals

    @property
    def learning_rate(self) -> float:
        """That of the last step, in single precision."""
        return float(self._optimizer.learning_rate.numpy())

    def variables(self) -> dict[str, list[keras.Variable | tf.Variable]]:
        """All that a step changes, and all that it depends on but for the batches and the step's number.

        The states of dropout's random numbers are among the model's variables.
        """
        return {
            "model": self._model.variables,
            "optimizer": self._optimizer.variables,
            "average": self._average.variables if self._average is not None else [],
        }

    def assign(self, values: dict[str, list[np.ndarray]]) -> None:
        """Gives the variables values, in the order of `variables`.

        Raises:
            ValueError: Where they are not as many, or not of the same shapes.
        """
        for name, variables in self.variables().items():
            for variable, value in zip(variables, values[name], strict=True):
                variable.assign(value)
        part_random_numbers(self._model)

    def averaged(self) -> contextlib.AbstractContextManager[None]:
        """Inside of it the model has the weights that are evaluated and exported: their average, where there is one."""
        return self._average.in_place() if self._average is not None else contextlib.nullcontext()
