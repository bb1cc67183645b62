"""What training brings down: a sum over tokens, and what it is divided by."""

from typing import NamedTuple

import tensorflow as tf

from trainer.config.objective import ObjectiveConfig
from trainer.learning.guided_attention import guided_attention_penalty
from trainer.learning.label_smoothing import smoothed_cross_entropy
from trainer.learning.loss import TokenTotals, predictions, token_places
from trainer.learning.r_drop import divergence, passes, twice
from trainer.learning.scheduled_sampling import ScheduledSampling
from trainer.model.product import products_in
from trainer.model.seq2seq import Seq2Seq
from transform.features import EXAMPLE_WEIGHT


class TrainingTotals(NamedTuple):
    """Sums over the tokens of a batch, padding left out. Those of several batches add up.

    Training brings down objective / weight. With R-Drop both are over the tokens of both passes.

    Attributes:
        objective: Float scalar, the sum of the tokens' losses times their weights.
        weight: Float scalar, the sum of the tokens' weights, which are those of their pairs.
        shown: Plain cross entropy and hits without weights, as evaluation measures them: what people are shown,
            with R-Drop of the first pass.
    """

    objective: tf.Tensor
    weight: tf.Tensor
    shown: TokenTotals


class Objective:
    """The objective of a training.

    Args:
        model: The model that is trained.
        config: The objective's settings.
        seed: Seed of scheduled sampling.
        steps: Int scalar, variable or not: optimiser steps taken.
        products: Dtype in which products with weights read their operands.
    """

    def __init__(
        self,
        model: Seq2Seq,
        config: ObjectiveConfig,
        seed: int,
        steps: tf.Variable | int,
        products: tf.DType = tf.float32,
    ):
        self._model = model
        self._config = config
        self._products = products
        self._sampling = None
        if config.scheduled_sampling.decay != "none":
            self._sampling = ScheduledSampling(model, config.scheduled_sampling, seed, steps)

    def __call__(self, batch: dict[str, tf.Tensor]) -> TrainingTotals:
        """The totals of a batch, dropout acting.

        Args:
            batch: As trainer.data.batches.BATCH_SIGNATURE says.
        """
        with products_in(self._products):
            return self._totals(batch)

    def _totals(self, batch: dict[str, tf.Tensor]) -> TrainingTotals:
        if self._config.r_drop:
            batch = twice(batch)
        target = batch["target_output_ids"]
        places = token_places(target)
        forced = self._sampling(batch) if self._sampling else self._model.teacher_forcing(batch, training=True)
        predicted = predictions(self._model, target, forced.read_out, places)
        losses = predicted.cross_entropy
        if self._config.label_smoothing:
            losses = smoothed_cross_entropy(predicted.ids, predicted.logits, self._config.label_smoothing)
        guided = self._config.guided_attention
        if guided.weight:
            lengths = batch["source_length"], batch["target_length"]
            penalty = guided_attention_penalty(forced.alignment, *lengths, guided.width)
            losses += guided.weight * tf.gather_nd(penalty, places)
        shown = predicted
        if self._config.r_drop:
            shown, again = passes(predicted)
            losses += self._config.r_drop / 2 * tf.tile(divergence(shown.logits, again.logits), [2])
        weights = tf.gather(batch[EXAMPLE_WEIGHT], places[:, 0])
        return TrainingTotals(tf.reduce_sum(weights * losses), tf.reduce_sum(weights), shown.totals())
