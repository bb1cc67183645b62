"""The decoder: one step, and teacher forcing, which computes the same over a whole target.

The state is one tensor [batch, state_size]: the state tensors of all layers side by side, the lowest layer first.
"""

import abc
import random
from typing import NamedTuple

import keras
import tensorflow as tf

from trainer.config.model import ModelConfig
from trainer.model.dropout import LayerDropout
from trainer.model.embedding import TokenEmbedding
from trainer.model.encoder import Encoder, EncoderOutput
from trainer.model.output import TiedOutput
from trainer.model.product import Dense
from trainer.model.stack import LayerMasks, RecurrentStack


class StepOutput(NamedTuple):
    """What one step of the decoder gives.

    Attributes:
        logits: Float [batch, vocabulary].
        state: Float [batch, state_size].
        alignment: Float [batch, source], where the step looked at; all 0 without attention.
    """

    logits: tf.Tensor
    state: tf.Tensor
    alignment: tf.Tensor


class StepReadOut(NamedTuple):
    """What one step of the decoder gives, before its logits.

    Attributes:
        read_out: Float [batch, units], what `logits` reads.
        state: Float [batch, state_size].
        alignment: Float [batch, source], where the step looked at; all 0 without attention.
    """

    read_out: tf.Tensor
    state: tf.Tensor
    alignment: tf.Tensor


class TeacherForced(NamedTuple):
    """What teacher forcing gives.

    Attributes:
        read_out: Float [batch, target, units], what `logits` reads.
        alignment: Float [batch, target, source], where each step looked at; all 0 without attention.
    """

    read_out: tf.Tensor
    alignment: tf.Tensor


class DecoderMasks(NamedTuple):
    """What dropout does throughout a batch of sequences; None: nothing. Opaque to others.

    Attributes:
        tokens: Float [batch, vocabulary], see TokenEmbedding.
        layers: Of each recurrent layer.
        read_out: Float [batch, units], factors of what the logits are computed from.
    """

    tokens: tf.Tensor | None
    layers: list[LayerMasks]
    read_out: tf.Tensor | None


class Advanced(NamedTuple):
    """One step, up to what the logits are computed from.

    Attributes:
        vector: Float [batch, units], before dropout.
        states: The next state tensors, float [batch, units].
        alignment: Float [batch, source].
    """

    vector: tf.Tensor
    states: list[tf.Tensor]
    alignment: tf.Tensor


class Decoder(keras.layers.Layer, abc.ABC):
    """What all decoders share: embedding, recurrent layers, the bridge from the encoder, and the output.

    The bridge has one dense layer for each state tensor of the recurrent layers. Each reads all final states of the
    encoder side by side; it ends in tanh for an output h, and is linear for an LSTM's carry c.

    Where dropout is to act, `masks` draws once what is dropped throughout a batch of sequences, and all steps of these
    sequences get it. What is dropped anew at each step, the step draws itself.

    Args:
        config: The architecture.
        vocabulary_size: Number of target tokens, special ones included.
        encoder: The encoder whose outputs are decoded.
        seeds: Where the seeds of weights and dropout are drawn from.
        fed_width: Width of what the lowest layer reads beside the embedding.
    """

    def __init__(
        self, config: ModelConfig, vocabulary_size: int, encoder: Encoder, seeds: random.Random, fed_width: int = 0
    ):
        super().__init__()
        self.units = config.decoder_units
        shared = config.share_embeddings
        self.embedding = encoder.embedding if shared else TokenEmbedding(config, vocabulary_size, seeds)
        self.stack = RecurrentStack(config, config.embedding_size + fed_width, seeds)
        self.state_size = self.stack.state_count * self.units
        per_cell = self.stack.cells[0].state_count
        self.bridge = [
            dense(encoder.state_width, self.units, seeds, "tanh" if index % per_cell == 0 else None)
            for index in range(self.stack.state_count)
        ]
        self.dropout = LayerDropout(config, seeds)
        tied = config.tie_target_embedding
        self.output_layer = TiedOutput(self.embedding) if tied else dense(self.units, vocabulary_size, seeds)
        self.built = True

    def initial_state(self, encoder_output: EncoderOutput) -> tf.Tensor:
        """The state before the first step, float [batch, state_size]."""
        final_states = tf.concat(encoder_output.final_states, axis=-1)
        return tf.concat([layer(final_states) for layer in self.bridge], axis=-1)

    def masks(self, batch: tf.Tensor) -> DecoderMasks:
        """Draws what dropout drops throughout a batch of sequences.

        Args:
            batch: Int scalar, number of sequences.
        """
        return DecoderMasks(self.embedding.mask(batch), self.stack.masks(batch), self.dropout.mask(batch, self.units))

    def call(
        self, target_input_ids: tf.Tensor, state: tf.Tensor, memory: tf.Tensor, source_length: tf.Tensor
    ) -> tf.Tensor:
        """Logits [batch, target, vocabulary] of teacher forcing, nothing dropped; arguments as in `teacher_forcing`."""
        return self.logits(self.teacher_forcing(target_input_ids, state, memory, source_length).read_out)

    def teacher_forcing(
        self,
        target_input_ids: tf.Tensor,
        state: tf.Tensor,
        memory: tf.Tensor,
        source_length: tf.Tensor,
        masks: DecoderMasks | None = None,
    ) -> TeacherForced:
        """Reads a whole target: equal to looping `step` over it.

        Args:
            target_input_ids: Int64 [batch, target].
            state: Float [batch, state_size] before the first step.
            memory: From `memorize`.
            source_length: Int64 [batch].
            masks: From `masks`, in training; None: nothing is dropped.
        """
        inputs = self.embedding.sequence(tf.transpose(target_input_ids), None if masks is None else masks.tokens)
        forced = self._advance_all(inputs, self._split(state), self._recall(memory, source_length), masks)
        if masks is None:
            return forced
        mask = None if masks.read_out is None else masks.read_out[:, tf.newaxis]
        return forced._replace(read_out=self.dropout.drop(forced.read_out, mask))

    def step(
        self,
        token: tf.Tensor,
        state: tf.Tensor,
        memory: tf.Tensor,
        source_length: tf.Tensor,
        masks: DecoderMasks | None = None,
    ) -> StepOutput:
        """Reads one token.

        Args:
            token: Int64 [batch].
            state: Float [batch, state_size], of the step before.
            memory: From `memorize`.
            source_length: Int64 [batch].
            masks: From `masks`, in training, the same for all steps of a sequence; None: nothing is dropped.
        """
        read = self.read_step(token, state, memory, source_length, masks)
        return StepOutput(self.logits(read.read_out), read.state, read.alignment)

    def read_step(
        self,
        token: tf.Tensor,
        state: tf.Tensor,
        memory: tf.Tensor,
        source_length: tf.Tensor,
        masks: DecoderMasks | None = None,
    ) -> StepReadOut:
        """`step`, up to what the logits are computed from; arguments as there."""
        opened = self._recall(memory, source_length)
        embedded = self.embedding.embed(token, None if masks is None else masks.tokens)
        vector, states, alignment = self._advance(embedded, self._split(state), opened, masks)
        if masks is not None:
            vector = self.dropout.drop(vector, masks.read_out)
        return StepReadOut(vector, tf.concat(states, axis=-1), alignment)

    def logits(self, read_out: tf.Tensor) -> tf.Tensor:
        """Logits [..., vocabulary] of what `teacher_forcing` read out, [..., units]."""
        return self.output_layer(read_out)

    @abc.abstractmethod
    def memorize(self, encoder_output: EncoderOutput) -> tf.Tensor:
        """What the steps need of the source, opaque to others: float [batch, source, memory_width]."""

    @abc.abstractmethod
    def _recall(self, memory, source_length):
        """The memory as `_advance` reads it."""

    @abc.abstractmethod
    def _advance(self, embedded, states, opened, masks) -> Advanced:
        """One step.

        Args:
            embedded: Float [batch, embedding].
            states: The state tensors, float [batch, units].
            opened: From `_recall`.
            masks: As in `step`.
        """

    @abc.abstractmethod
    def _advance_all(self, inputs, states, opened, masks) -> TeacherForced:
        """All steps, dropout of what is read out left to the caller.

        Args:
            inputs: Float [target, batch, embedding], or tokens [target, batch].
            states: The state tensors before the first step, float [batch, units].
            opened: From `_recall`.
            masks: As in `step`.
        """

    def _split(self, state: tf.Tensor) -> list[tf.Tensor]:
        return tf.split(state, self.state_size // self.units, axis=-1)


def layer_masks(masks: DecoderMasks | None) -> list[LayerMasks] | None:
    """The part of the recurrent layers."""
    return None if masks is None else masks.layers


def dense(width: int, units: int, seeds: random.Random, activation: str | None = None) -> Dense:
    """A dense layer whose weights exist, [..., width] -> [..., units]."""
    initializer = keras.initializers.GlorotUniform(seeds.randrange(2**31))
    layer = Dense(units, activation, kernel_initializer=initializer)
    layer.build((None, width))
    return layer
