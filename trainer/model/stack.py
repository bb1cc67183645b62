"""The decoder's recurrent layers on top of each other, with dropout, layer normalization and residual connections."""

import random
from typing import NamedTuple

import keras
import tensorflow as tf

from trainer.config.model import ModelConfig
from trainer.model.cells import CELLS, RecurrentDropout
from trainer.model.dropout import LayerDropout
from trainer.model.embedding import Sequence, vectors
from trainer.model.normalization import layer_normalization
from trainer.model.recurrence import recur


class LayerMasks(NamedTuple):
    """What dropout does throughout a batch of sequences to one layer; None: nothing.

    Attributes:
        inputs: Float [batch, input_width], factors of the layer's inputs.
        recurrent: Float [batch, units], see RecurrentCell.step.
    """

    inputs: tf.Tensor | None
    recurrent: tf.Tensor | None


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
        self.input_widths = [input_width] + [self.units] * (config.decoder_layers - 1)
        self.cells = [CELLS[config.cell](width, self.units, seeds) for width in self.input_widths]
        self.residual = [config.residual and width == self.units for width in self.input_widths]
        normalized = self.cells if config.layer_normalization else []
        self.normalizations = [layer_normalization(cell.units) for cell in normalized]
        self.dropout = LayerDropout(config, seeds)
        self.recurrent_dropout = RecurrentDropout(config.recurrent_dropout, seed=seeds.randrange(2**31))
        self.state_count = sum(cell.state_count for cell in self.cells)
        self.built = True

    def masks(self, batch: tf.Tensor) -> list[LayerMasks]:
        """Draws what is dropped throughout one batch of sequences, for each layer."""
        return [
            LayerMasks(self.dropout.mask(batch, width), self.recurrent_dropout.mask(batch, self.units, True))
            for width in self.input_widths
        ]

    def call(self, inputs: Sequence, states: list[tf.Tensor], masks: list[LayerMasks] | None = None) -> tf.Tensor:
        """The top layer's outputs, float [time, batch, units].

        Args:
            inputs: Float [time, batch, input_width], or tokens [time, batch].
            states: State tensors of all layers to start from, the lowest layer first, float [batch, units].
            masks: From `masks`, in training; None: nothing is dropped.
        """
        for index, (cell, cell_states) in enumerate(self._with_states(states)):
            dropped, recurrent_mask = self._drop(index, inputs, masks)
            training = masks is not None
            outputs = recur(cell, dropped, cell_states, recurrent_mask=recurrent_mask, training=training).outputs
            inputs = self._join(index, inputs, outputs)
        return inputs

    def step(
        self, inputs: tf.Tensor, states: list[tf.Tensor], masks: list[LayerMasks] | None = None
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """The top layer's output, float [batch, units], and the next states.

        Args:
            inputs: Float [batch, input_width].
            states: State tensors of all layers, the lowest layer first, float [batch, units].
            masks: From `masks`, in training, the same for all steps of a sequence; None: nothing is dropped.
        """
        next_states = []
        for index, (cell, cell_states) in enumerate(self._with_states(states)):
            dropped, recurrent_mask = self._drop(index, inputs, masks)
            cell_states = cell.step(cell.project(dropped), cell_states, recurrent_mask)
            next_states += cell_states
            inputs = self._join(index, inputs, cell_states[0])
        return inputs, next_states

    def _drop(self, index, inputs, masks):
        """The inputs of a layer as it reads them, and its recurrent mask."""
        if masks is None:
            return inputs, None
        return self.dropout.drop(inputs, masks[index].inputs), masks[index].recurrent

    def _join(self, index, inputs, outputs):
        """What a layer hands on; its states stay as the cell made them."""
        if self.normalizations:
            outputs = self.normalizations[index](outputs)
        return vectors(inputs) + outputs if self.residual[index] else outputs

    def _with_states(self, states):
        count = self.cells[0].state_count
        by_cell = [states[start : start + count] for start in range(0, len(states), count)]
        return zip(self.cells, by_cell, strict=True)
