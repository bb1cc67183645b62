"""The decoder's recurrent layers on top of each other, with dropout and residual connections."""

import random

import keras
import tensorflow as tf

from trainer.config.model import ModelConfig
from trainer.model.cells import CELLS, RecurrentDropout
from trainer.model.recurrence import recur


class RecurrentStack(keras.layers.Layer):
    """Recurrent layers of one direction, run over a whole sequence or by one step.

    Args:
        config: The architecture, of which the decoder's layers are built.
        input_width: Width of the lowest layer's inputs.
        seeds: Where the seeds of weights and dropout are drawn from.
    """

    def __init__(self, config: ModelConfig, input_width: int, seeds: random.Random):
        super().__init__()
        self.units = config.decoder_units
        widths = [input_width] + [self.units] * (config.decoder_layers - 1)
        self.cells = [CELLS[config.cell](width, self.units, seeds) for width in widths]
        self.residual = [config.residual and width == self.units for width in widths]
        self.dropout = keras.layers.Dropout(config.dropout, seed=seeds.randrange(2**31))
        self.recurrent_dropout = RecurrentDropout(config.recurrent_dropout, seed=seeds.randrange(2**31))
        self.state_count = sum(cell.state_count for cell in self.cells)
        self.built = True

    def call(self, inputs: tf.Tensor, states: list[tf.Tensor], training: bool = False) -> tf.Tensor:
        """The top layer's outputs, float [time, batch, units].

        Args:
            inputs: Float [time, batch, input_width].
            states: State tensors of all layers to start from, the lowest layer first, float [batch, units].
            training: Whether dropout acts.
        """
        masks = self.recurrent_masks(tf.shape(inputs)[1], training)
        for cell, residual, mask, cell_states in self._with_states(masks, states):
            dropped = self.dropout(inputs, training=training)
            outputs = recur(cell, dropped, cell_states, recurrent_mask=mask, training=training).outputs
            inputs = inputs + outputs if residual else outputs
        return inputs

    def step(
        self, inputs: tf.Tensor, states: list[tf.Tensor], masks: list[tf.Tensor | None], training: bool = False
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """The top layer's output, float [batch, units], and the next states.

        Args:
            inputs: Float [batch, input_width].
            states: State tensors of all layers, the lowest layer first, float [batch, units].
            masks: From `recurrent_masks`, one set for all steps of a sequence.
            training: Whether dropout acts.
        """
        next_states = []
        for cell, residual, mask, cell_states in self._with_states(masks, states):
            cell_states = cell.step(cell.project(self.dropout(inputs, training=training)), cell_states, mask)
            next_states += cell_states
            inputs = inputs + cell_states[0] if residual else cell_states[0]
        return inputs, next_states

    def recurrent_masks(self, batch: tf.Tensor, training: bool = False) -> list[tf.Tensor | None]:
        """Each layer's mask of recurrent dropout for one batch of sequences."""
        return [self.recurrent_dropout.mask(batch, self.units, training) for _ in self.cells]

    def _with_states(self, masks, states):
        count = self.cells[0].state_count
        by_cell = [states[start : start + count] for start in range(0, len(states), count)]
        return zip(self.cells, self.residual, masks, by_cell, strict=True)
