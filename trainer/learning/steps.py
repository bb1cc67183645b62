"""One step of training and one of evaluation, each traced once for batches of every shape."""

from collections.abc import Callable

import keras
import tensorflow as tf

from trainer.data.batches import BATCH_SIGNATURE
from trainer.distribution.replicas import on_all_replicas, own_rows, summed
from trainer.learning.gradients import dense_gradients
from trainer.learning.loss import TokenTotals, token_totals
from trainer.learning.objective import Objective
from trainer.model.seq2seq import Seq2Seq

BatchStep = Callable[[dict[str, tf.Tensor]], TokenTotals]


def training_step(model: Seq2Seq, optimizer: keras.optimizers.Optimizer, objective: Objective) -> BatchStep:
    """A function that brings down the objective on a batch, and gives the totals to show, from before it did."""
    variables = model.trainable_variables
    optimizer.build(variables)

    def on_replica(batch):
        with tf.GradientTape() as tape:
            totals = objective(own_rows(batch))
            loss = optimizer.scale_loss(tf.math.divide_no_nan(totals.objective, summed(totals.weight)))
        gradients, shown = summed((dense_gradients(tape, loss, variables), totals.shown))
        optimizer.apply(gradients, variables)
        return shown

    # XLA compiles once for each shape, and trains slower on CPU.
    @tf.function(input_signature=[BATCH_SIGNATURE], autograph=False, jit_compile=False)
    def step(batch):
        return on_all_replicas(on_replica, batch)

    return step


def evaluation_step(model: Seq2Seq) -> BatchStep:
    """A function that gives the totals of a batch, without dropout."""

    @tf.function(input_signature=[BATCH_SIGNATURE], autograph=False, jit_compile=False)
    def step(batch):
        return on_all_replicas(lambda batch: summed(token_totals(model, own_rows(batch))), batch)

    return step
