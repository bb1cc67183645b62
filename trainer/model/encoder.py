"""The encoder: source ids to one vector for each position, and the recurrent layers' final states."""

import random
from typing import NamedTuple

import keras
import tensorflow as tf

from trainer.config.model import ModelConfig
from trainer.model.cells import CELLS, RecurrentDropout
from trainer.model.dropout import LayerDropout
from trainer.model.embedding import Sequence, TokenEmbedding, vectors
from trainer.model.normalization import layer_normalization
from trainer.model.recurrence import Recurred, recur, recur_backward


class EncoderOutput(NamedTuple):
    """What the decoder gets of the source.

    Attributes:
        outputs: Float [batch, source, width], the top layer's outputs, both directions side by side; 0 at padding.
        final_states: The state tensors of every layer and direction at the end of its run, float [batch, units].
    """

    outputs: tf.Tensor
    final_states: list[tf.Tensor]


class EncoderLayer(keras.layers.Layer):
    """One recurrent layer, in one direction or both.

    Args:
        config: The architecture.
        input_width: Width of the inputs.
        seeds: Where the seeds of weights and dropout are drawn from.
    """

    def __init__(self, config: ModelConfig, input_width: int, seeds: random.Random):
        super().__init__()
        cell = CELLS[config.cell]
        self.input_width = input_width
        self.forward = cell(input_width, config.encoder_units, seeds)
        self.backward = cell(input_width, config.encoder_units, seeds) if config.bidirectional else None
        self.dropout = LayerDropout(config, seeds)
        self.recurrent_dropout = RecurrentDropout(config.recurrent_dropout, seed=seeds.randrange(2**31))
        self.output_width = config.encoder_output_width
        self.normalization = layer_normalization(self.output_width) if config.layer_normalization else None
        self.residual = config.residual and input_width == self.output_width
        self.built = True

    def call(self, inputs: Sequence, lengths: tf.Tensor, training: bool = False) -> Recurred:
        """Reads inputs [time, batch, input_width], or tokens [time, batch], of the given lengths, int [batch]."""
        batch = tf.size(lengths)
        dropped = inputs
        if training:
            dropped = self.dropout.drop(inputs, self.dropout.mask(batch, self.input_width))
        mask = self.recurrent_dropout.mask(batch, self.forward.units, training)
        outputs, states = recur(self.forward, dropped, lengths=lengths, recurrent_mask=mask, training=training)
        if self.backward is not None:
            mask = self.recurrent_dropout.mask(batch, self.backward.units, training)
            backward = recur_backward(self.backward, dropped, lengths, mask, training)
            outputs = tf.concat([outputs, backward.outputs], axis=-1)
            states = states + backward.final_states
        if self.normalization is not None:
            outputs = self.normalization(outputs)
        return Recurred(vectors(inputs) + outputs if self.residual else outputs, states)


class Encoder(keras.layers.Layer):
    """Embeds the source and reads it with recurrent layers.

    Args:
        config: The architecture.
        vocabulary_size: Number of source tokens, special ones included.
        seeds: Where the seeds of weights and dropout are drawn from.
    """

    def __init__(self, config: ModelConfig, vocabulary_size: int, seeds: random.Random):
        super().__init__()
        self.embedding = TokenEmbedding(config, vocabulary_size, seeds)
        self.layers = []
        width = config.embedding_size
        for _ in range(config.encoder_layers):
            self.layers.append(EncoderLayer(config, width, seeds))
            width = self.layers[-1].output_width
        self.output_width = width
        directions = 2 if config.bidirectional else 1
        self.state_width = config.encoder_layers * directions * CELLS[config.cell].state_count * config.encoder_units
        self.built = True

    def call(self, source_ids: tf.Tensor, source_length: tf.Tensor, training: bool = False) -> EncoderOutput:
        """Encodes source ids, int64 [batch, source], of the given lengths, int64 [batch]."""
        mask = self.embedding.mask(tf.shape(source_ids)[0]) if training else None
        sequence = self.embedding.sequence(tf.transpose(source_ids), mask)
        final_states = []
        for layer in self.layers:
            sequence, states = layer(inputs=sequence, lengths=source_length, training=training)
            final_states += states
        outputs = tf.transpose(sequence, [1, 0, 2])
        mask = tf.sequence_mask(source_length, tf.shape(source_ids)[1], outputs.dtype)
        return EncoderOutput(outputs * mask[:, :, tf.newaxis], final_states)
