"""What changes while a model trains: its weights, what the optimiser remembers, and the average of the weights."""

import contextlib

import tensorflow as tf

from trainer.config.training import TrainingConfig
from trainer.learning.accumulation import AccumulatedStep
from trainer.learning.loss import TokenTotals
from trainer.learning.moving_average import MovingAverage
from trainer.learning.objective import Objective
from trainer.learning.optimizer import create_optimizer
from trainer.learning.schedule import Schedule
from trainer.learning.steps import training_step
from trainer.model.seq2seq import Seq2Seq


class Learner:
    """Takes the steps of a training.

    Args:
        model: The model that is trained.
        training: How it is trained.
        schedule: The learning rate of each step.

    Attributes:
        learning_rate: That of the last step; 0 before the first.
    """

    def __init__(self, model: Seq2Seq, training: TrainingConfig, schedule: Schedule):
        self.learning_rate = 0.0
        self._schedule = schedule
        self._optimizer = create_optimizer(training.optimizer, model.trainable_variables)
        objective = Objective(model, training.objective, training.seed, self._optimizer.iterations)
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
        self.learning_rate = self._schedule.learning_rate(step, plateaus)
        self._optimizer.learning_rate = self.learning_rate
        totals = self._step(batches)
        if self._average is not None:
            self._average.update(step)
        return totals

    def averaged(self) -> contextlib.AbstractContextManager[None]:
        """Inside of it the model has the weights that are evaluated and exported: their average, where there is one."""
        return self._average.in_place() if self._average is not None else contextlib.nullcontext()
