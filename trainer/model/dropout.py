"""Dropout of what goes from layer to layer."""

import random

import keras
import tensorflow as tf

from trainer.config.model import ModelConfig
from trainer.model.embedding import Sequence, vectors


class LayerDropout(keras.layers.Dropout):
    """Drops values of a layer's inputs: others at each step, or with model.variational_dropout the same at all steps
    of a sequence (Gal and Ghahramani 2016). What is left is scaled up, so that the mean stays.

    Args:
        config: The architecture.
        seeds: Where the seed is drawn from.
    """

    def __init__(self, config: ModelConfig, seeds: random.Random):
        super().__init__(config.dropout, seed=seeds.randrange(2**31))
        self.variational = config.variational_dropout

    def mask(self, batch: tf.Tensor, width: int) -> tf.Tensor | None:
        """The factors of all steps of a batch of sequences, float [batch, width]; None where each step draws anew."""
        return self(tf.ones([batch, width]), training=True) if self.variational and self.rate else None

    def drop(self, inputs: Sequence, mask: tf.Tensor | None) -> Sequence:
        """Inputs [..., batch, width] in training, given what `mask` drew for their sequences."""
        if not self.rate:
            return inputs
        return self(vectors(inputs), training=True) if mask is None else vectors(inputs) * mask
