"""The decoder: one step, and teacher forcing, which computes the same over a whole target.

The state is one tensor [batch, state_size]: the state tensors of all layers side by side, the lowest layer first.
"""

import abc
import random
from typing import NamedTuple

import keras
import tensorflow as tf

from trainer.config.model import ModelConfig
from trainer.model.attention import ATTENTIONS
from trainer.model.encoder import Encoder, EncoderOutput
from trainer.model.product import Dense
from trainer.model.recurrence import scan
from trainer.model.stack import RecurrentStack


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


class Decoder(keras.layers.Layer, abc.ABC):
    """What all decoders share: embedding, recurrent layers, the bridge from the encoder, and the output.

    The bridge has one dense layer for each state tensor of the decoder. Each reads all final states of the encoder
    side by side; it ends in tanh for an output h, and is linear for an LSTM's carry c.

    Args:
        config: The architecture.
        vocabulary_size: Number of target tokens, special ones included.
        encoder: The encoder whose outputs are decoded.
        seeds: Where the seeds of weights and dropout are drawn from.
    """

    def __init__(self, config: ModelConfig, vocabulary_size: int, encoder: Encoder, seeds: random.Random):
        super().__init__()
        self.units = config.decoder_units
        self.embedding = keras.layers.Embedding(
            vocabulary_size,
            config.embedding_size,
            embeddings_initializer=keras.initializers.RandomUniform(seed=seeds.randrange(2**31)),
        )
        self.embedding.build()
        self.stack = RecurrentStack(config, self._input_width(config, encoder), seeds)
        self.state_size = self.stack.state_count * self.units
        per_cell = self.stack.cells[0].state_count
        self.bridge = [
            _dense(encoder.state_width, self.units, seeds, "tanh" if index % per_cell == 0 else None)
            for index in range(self.stack.state_count)
        ]
        self.dropout = keras.layers.Dropout(config.dropout, seed=seeds.randrange(2**31))
        self.output_layer = _dense(self.units, vocabulary_size, seeds)
        self.built = True

    def initial_state(self, encoder_output: EncoderOutput) -> tf.Tensor:
        """The state before the first step, float [batch, state_size]."""
        final_states = tf.concat(encoder_output.final_states, axis=-1)
        return tf.concat([dense(final_states) for dense in self.bridge], axis=-1)

    def call(
        self,
        target_input_ids: tf.Tensor,
        state: tf.Tensor,
        memory: tf.Tensor,
        source_length: tf.Tensor,
        training: bool = False,
    ) -> tf.Tensor:
        """Logits [batch, target, vocabulary] of teacher forcing: equal to looping `step` over the target.

        Args:
            target_input_ids: Int64 [batch, target].
            state: Float [batch, state_size] before the first step.
            memory: From `memorize`.
            source_length: Int64 [batch].
            training: Whether dropout acts.
        """
        return self.logits(self.read_out(target_input_ids, state, memory, source_length, training))

    def logits(self, read_out: tf.Tensor) -> tf.Tensor:
        """Logits [..., vocabulary] of what `read_out` gave, [..., units]."""
        return self.output_layer(read_out)

    @abc.abstractmethod
    def memorize(self, encoder_output: EncoderOutput) -> tf.Tensor:
        """What the steps need of the source, opaque to others: float [batch, source, memory_width]."""

    @abc.abstractmethod
    def read_out(self, target_input_ids, state, memory, source_length, training=False) -> tf.Tensor:
        """What the logits are computed from, float [batch, target, units]; arguments as in `call`."""

    @abc.abstractmethod
    def step(self, token, state, memory, source_length, training=False) -> StepOutput:
        """Reads one token.

        Args:
            token: Int64 [batch].
            state: Float [batch, state_size], of the step before.
            memory: From `memorize`.
            source_length: Int64 [batch].
            training: Whether dropout acts.
        """

    def _input_width(self, config: ModelConfig, encoder: Encoder) -> int:
        return config.embedding_size

    def _split(self, state: tf.Tensor) -> list[tf.Tensor]:
        return tf.split(state, [self.units] * self.stack.state_count, axis=-1)


class PlainDecoder(Decoder):
    """A decoder without attention: it knows the source by the encoder's final states alone.

    Its memory is one zero for each source position: it carries no more than the source's extent.
    """

    def memorize(self, encoder_output):
        return tf.zeros_like(encoder_output.outputs[:, :, :1])

    def read_out(self, target_input_ids, state, memory, source_length, training=False):
        inputs = self.embedding(tf.transpose(target_input_ids))  # [target, batch, embedding]
        outputs = tf.transpose(self.stack(inputs, self._split(state), training=training), [1, 0, 2])
        return self.dropout(outputs, training=training)

    def step(self, token, state, memory, source_length, training=False):
        masks = self.stack.recurrent_masks(tf.shape(token)[0], training)
        output, states = self.stack.step(self.embedding(token), self._split(state), masks, training)
        logits = self.logits(self.dropout(output, training=training))
        return StepOutput(logits, tf.concat(states, axis=-1), tf.zeros(tf.shape(memory)[:2]))


class AttentionDecoder(Decoder):
    """A decoder with attention: logits come from tanh(W [context; output]), the attentional vector of Luong et al."""

    def __init__(self, config, vocabulary_size, encoder, seeds):
        super().__init__(config, vocabulary_size, encoder, seeds)
        self.attention = ATTENTIONS[config.attention](self.units, encoder.output_width, seeds)
        self.combine = _dense(encoder.output_width + self.units, self.units, seeds, "tanh")

    def memorize(self, encoder_output):
        return self.attention.memorize(encoder_output.outputs)

    def _combine(self, context, output, training):
        """The attentional vector [..., units] of a context [..., width] and an output [..., units]."""
        return self.dropout(self.combine(tf.concat([context, output], axis=-1)), training=training)


class LuongDecoder(AttentionDecoder):
    """Attends with the top layer's output, after the recurrent layers (Luong et al. 2015).

    No step reads the context of the step before, so that teacher forcing attends with all outputs at once.
    """

    def read_out(self, target_input_ids, state, memory, source_length, training=False):
        inputs = self.embedding(tf.transpose(target_input_ids))  # [target, batch, embedding]
        outputs = tf.transpose(self.stack(inputs, self._split(state), training=training), [1, 0, 2])
        context, _ = self.attention(outputs, self.attention.recall(memory, source_length))
        return self._combine(context, outputs, training)

    def step(self, token, state, memory, source_length, training=False):
        masks = self.stack.recurrent_masks(tf.shape(token)[0], training)
        output, states = self.stack.step(self.embedding(token), self._split(state), masks, training)
        context, alignment = self.attention(output[:, tf.newaxis], self.attention.recall(memory, source_length))
        logits = self.logits(self._combine(context[:, 0], output, training))
        return StepOutput(logits, tf.concat(states, axis=-1), alignment[:, 0])


class BahdanauDecoder(AttentionDecoder):
    """Attends with the top layer's previous output, before the recurrent layers (Bahdanau et al. 2015).

    The lowest layer reads the embedding and the context side by side.
    """

    def read_out(self, target_input_ids, state, memory, source_length, training=False):
        inputs = self.embedding(tf.transpose(target_input_ids))  # [target, batch, embedding]
        opened = self.attention.recall(memory, source_length)
        masks = self.stack.recurrent_masks(tf.shape(inputs)[1], training)

        def advance(embedded, states):
            context, output, states, _ = self._advance(embedded, states, opened, masks, training)
            return [context, output], states

        widths = [self.attention.value_width, self.units]
        context, outputs = scan(advance, inputs, self._split(state), widths)
        return tf.transpose(self._combine(context, outputs, training), [1, 0, 2])

    def step(self, token, state, memory, source_length, training=False):
        masks = self.stack.recurrent_masks(tf.shape(token)[0], training)
        opened = self.attention.recall(memory, source_length)
        context, output, states, alignment = self._advance(
            self.embedding(token), self._split(state), opened, masks, training
        )
        logits = self.logits(self._combine(context, output, training))
        return StepOutput(logits, tf.concat(states, axis=-1), alignment)

    def _advance(self, embedded, states, opened, masks, training):
        """One step from [batch, embedding]: context [batch, width], output, states, alignment [batch, source]."""
        query = states[-self.stack.cells[-1].state_count]
        context, alignment = self.attention(query[:, tf.newaxis], opened)
        context = context[:, 0]
        output, states = self.stack.step(tf.concat([embedded, context], axis=-1), states, masks, training)
        return context, output, states, alignment[:, 0]

    def _input_width(self, config, encoder):
        return config.embedding_size + encoder.output_width


def _dense(width: int, units: int, seeds: random.Random, activation: str | None = None) -> Dense:
    initializer = keras.initializers.GlorotUniform(seeds.randrange(2**31))
    layer = Dense(units, activation, kernel_initializer=initializer)
    layer.build((None, width))
    return layer


DECODERS = {"none": PlainDecoder, "luong": LuongDecoder, "bahdanau": BahdanauDecoder}
