"""Gradient accumulation: several batches that make one step, as one batch of all their pairs would."""

import keras
import tensorflow as tf

from trainer.data.batches import BATCH_SIGNATURE
from trainer.distribution.replicas import on_all_replicas, own_rows, summed
from trainer.learning.gradients import dense_gradients
from trainer.learning.loss import TokenTotals
from trainer.learning.objective import Objective
from trainer.model.seq2seq import Seq2Seq


class AccumulatedStep:
    """A step that brings down the objective on several batches, one after the other in memory.

    What is brought down is the sum of the batches' objectives over the sum of their weights. A mean of the batches'
    means would let a token of a short batch count for more.

    Args:
        model: The model that is trained.
        optimizer: Built for the model's trainable variables.
        objective: What is brought down.
    """

    def __init__(self, model: Seq2Seq, optimizer: keras.optimizers.Optimizer, objective: Objective):
        self._variables = model.trainable_variables
        self._optimizer = optimizer
        self._objective = objective
        self._gradients = [tf.Variable(tf.zeros(variable.shape), trainable=False) for variable in self._variables]
        self._weight = tf.Variable(0.0, trainable=False)
        # As in trainer.learning.steps, without XLA.
        self._add = tf.function(
            lambda batch: on_all_replicas(self._add_gradients, batch),
            input_signature=[BATCH_SIGNATURE],
            autograph=False,
            jit_compile=False,
        )
        self._apply = tf.function(
            lambda: on_all_replicas(self._apply_gradients), input_signature=[], autograph=False, jit_compile=False
        )

    def __call__(self, batches: list[dict[str, tf.Tensor]]) -> TokenTotals:
        """Takes one step on the batches, and gives their totals to show, from before it."""
        totals = [self._add(batch) for batch in batches]
        self._apply()
        return TokenTotals(*(sum(values[1:], values[0]) for values in zip(*totals, strict=True)))

    def _add_gradients(self, batch: dict[str, tf.Tensor]) -> TokenTotals:
        with tf.GradientTape() as tape:
            totals = self._objective(own_rows(batch))
            loss = self._optimizer.scale_loss(totals.objective)
        for total, gradient in zip(self._gradients, dense_gradients(tape, loss, self._variables), strict=True):
            total.assign_add(gradient)
        self._weight.assign_add(totals.weight)
        return summed(totals.shown)

    def _apply_gradients(self) -> None:
        # Each replica has added up the gradients of its own rows.
        *totals, weight = summed([tf.convert_to_tensor(total) for total in (*self._gradients, self._weight)])
        means = [tf.math.divide_no_nan(total, weight) for total in totals]
        self._optimizer.apply(means, self._variables)
        for total in (*self._gradients, self._weight):
            total.assign(tf.zeros_like(total))
