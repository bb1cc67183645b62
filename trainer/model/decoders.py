"""The decoders: without attention, and with attention in each of its places."""

import random

import tensorflow as tf

from trainer.config.model import ModelConfig
from trainer.model.attention import ATTENTIONS
from trainer.model.decoder import Advanced, Decoder, TeacherForced, dense, layer_masks
from trainer.model.embedding import vectors
from trainer.model.encoder import Encoder
from trainer.model.recurrence import scan


class PlainDecoder(Decoder):
    """A decoder without attention: it knows the source by the encoder's final states alone.

    Its memory is one zero for each source position: it carries no more than the source's extent.
    """

    def memorize(self, encoder_output):
        return tf.zeros_like(encoder_output.outputs[:, :, :1])

    def _recall(self, memory, source_length):
        return memory

    def _advance(self, embedded, states, opened, masks):
        output, states = self.stack.step(embedded, states, layer_masks(masks))
        return Advanced(output, states, tf.zeros(tf.shape(opened)[:2]))

    def _advance_all(self, inputs, states, opened, masks):
        outputs = _batch_first(self.stack(inputs=inputs, states=states, masks=layer_masks(masks)))
        return TeacherForced(outputs, tf.zeros(tf.concat([tf.shape(outputs)[:2], tf.shape(opened)[1:2]], axis=0)))


class AttentionDecoder(Decoder):
    """A decoder with attention: logits come from tanh(W [context; output]), the attentional vector of Luong et al."""

    def __init__(self, config: ModelConfig, vocabulary_size: int, encoder: Encoder, seeds: random.Random):
        attention = ATTENTIONS[config.attention](config, encoder.output_width, seeds)
        fed_width = self._fed_width(config.decoder_units, attention.context_width)
        super().__init__(config, vocabulary_size, encoder, seeds, fed_width)
        self.attention = attention
        self.combine = dense(attention.context_width + self.units, self.units, seeds, "tanh")

    def memorize(self, encoder_output):
        return self.attention.memorize(encoder_output.outputs)

    def _recall(self, memory, source_length):
        return self.attention.recall(memory, source_length)

    def _fed_width(self, units: int, context_width: int) -> int:
        """Width of what the lowest layer reads beside the embedding."""
        return 0

    def _attend(self, query, opened):
        """Context [batch, width] and alignment [batch, source] of one query for each row, [batch, units]."""
        context, alignment = self.attention(query[:, tf.newaxis], opened)
        return context[:, 0], alignment[:, 0]

    def _combine(self, context, output):
        """The attentional vector [..., units] of a context [..., width] and an output [..., units]."""
        return self.combine(tf.concat([context, output], axis=-1))


class AfterDecoder(AttentionDecoder):
    """Attends with the top layer's output, after the recurrent layers (Luong et al. 2015).

    No step reads the context of the step before, so that teacher forcing attends with all outputs at once.
    """

    def _advance(self, embedded, states, opened, masks):
        output, states = self.stack.step(embedded, states, layer_masks(masks))
        context, alignment = self._attend(output, opened)
        return Advanced(self._combine(context, output), states, alignment)

    def _advance_all(self, inputs, states, opened, masks):
        outputs = _batch_first(self.stack(inputs=inputs, states=states, masks=layer_masks(masks)))
        context, alignment = self.attention(outputs, opened)
        return TeacherForced(self._combine(context, outputs), alignment)


class BeforeDecoder(AttentionDecoder):
    """Attends with the top layer's previous output, before the recurrent layers (Bahdanau et al. 2015).

    The lowest layer reads the embedding and the context side by side.
    """

    def _advance(self, embedded, states, opened, masks):
        context, output, states, alignment = self._read_context(embedded, states, opened, masks)
        return Advanced(self._combine(context, output), states, alignment)

    def _advance_all(self, inputs, states, opened, masks):
        def advance(embedded, states):
            context, output, states, alignment = self._read_context(embedded, states, opened, masks)
            return [context, output, alignment], states

        widths = [self.attention.context_width, self.units, None]
        scanned = scan(advance, vectors(inputs), states, widths)
        context, outputs, alignment = (_batch_first(values) for values in scanned)
        return TeacherForced(self._combine(context, outputs), alignment)

    def _read_context(self, embedded, states, opened, masks):
        """One step: context [batch, width], output [batch, units], states, alignment [batch, source]."""
        context, alignment = self._attend(states[-self.stack.cells[-1].state_count], opened)
        output, states = self.stack.step(tf.concat([embedded, context], axis=-1), states, layer_masks(masks))
        return context, output, states, alignment

    def _fed_width(self, units, context_width):
        return context_width


class InputFeedingDecoder(AttentionDecoder):
    """Attends after the recurrent layers, and tells the next step what it found (Luong et al. 2015, section 3.3).

    The lowest layer reads the embedding and the attentional vector of the step before side by side. That vector is the
    last part of the state, and 0 before the first step.
    """

    def __init__(self, config, vocabulary_size, encoder, seeds):
        super().__init__(config, vocabulary_size, encoder, seeds)
        self.state_size += self.units

    def initial_state(self, encoder_output):
        state = super().initial_state(encoder_output)
        return tf.concat([state, tf.zeros_like(state[:, : self.units])], axis=-1)

    def _advance(self, embedded, states, opened, masks):
        *states, fed = states
        output, states = self.stack.step(tf.concat([embedded, fed], axis=-1), states, layer_masks(masks))
        context, alignment = self._attend(output, opened)
        vector = self._combine(context, output)
        return Advanced(vector, [*states, vector], alignment)

    def _advance_all(self, inputs, states, opened, masks):
        def advance(embedded, states):
            vector, states, alignment = self._advance(embedded, states, opened, masks)
            return [vector, alignment], states

        attentional, alignment = scan(advance, vectors(inputs), states, [self.units, None])
        return TeacherForced(_batch_first(attentional), _batch_first(alignment))

    def _fed_width(self, units, context_width):
        return units


def build_decoder(config: ModelConfig, vocabulary_size: int, encoder: Encoder, seeds: random.Random) -> Decoder:
    """The decoder of an architecture; arguments as of `Decoder`."""
    decoder = PlainDecoder if config.attention == "none" else _PLACES[config.attention_place]
    return decoder(config, vocabulary_size, encoder, seeds)


def _batch_first(sequence: tf.Tensor) -> tf.Tensor:
    """[time, batch, width] -> [batch, time, width]."""
    return tf.transpose(sequence, [1, 0, 2])


_PLACES = {"after": AfterDecoder, "before": BeforeDecoder, "input_feeding": InputFeedingDecoder}
