"""Attention: which positions of the source a query of the decoder looks at, and what it reads there.

Queries are as wide as the decoder, values as the encoder's outputs.
"""

import abc
import random
from typing import NamedTuple

import keras
import tensorflow as tf

from trainer.config.model import ModelConfig
from trainer.model.product import product


class AttentionMemory(NamedTuple):
    """The source as an attention sees it; with several heads, each tensor but the mask is [batch, heads, source, ...].

    Attributes:
        values: Float [batch, source, width], what is read.
        keys: Float [batch, source, key_width], what is compared with the query.
        mask: Bool [batch, source], False at padding.
    """

    values: tf.Tensor
    keys: tf.Tensor
    mask: tf.Tensor


class Attended(NamedTuple):
    """What queries found.

    Attributes:
        context: Float [batch, queries, context_width], what was read.
        alignment: Float [batch, queries, source], rows sum to 1; 0 at padding.
    """

    context: tf.Tensor
    alignment: tf.Tensor


class Attention(keras.layers.Layer, abc.ABC):
    """What all kinds share: the context is the mean of the encoder's outputs, weighted by a softmax of scores.

    Args:
        config: The architecture.
        value_width: Width of the encoder's outputs.
        seeds: Where the seeds of the weights are drawn from.
    """

    def __init__(self, config: ModelConfig, value_width: int, seeds: random.Random):
        super().__init__()
        self.context_width = value_width
        self._add_weights(config, value_width, seeds)
        self.built = True

    def memorize(self, values: tf.Tensor) -> tf.Tensor:
        """The memory of one source, opaque to others: [batch, source, width] -> [batch, source, memory_width]."""
        return values

    def recall(self, memory: tf.Tensor, length: tf.Tensor) -> AttentionMemory:
        """Opens a memory of `memorize`, given the source lengths, int [batch]."""
        return AttentionMemory(memory, memory, _mask(memory, length))

    def call(self, query: tf.Tensor, memory: AttentionMemory) -> Attended:
        """Attends with each query, float [batch, queries, decoder_units]."""
        alignment = _softmax(self.scores(query, memory.keys), memory.mask[:, tf.newaxis])
        return Attended(tf.matmul(alignment, memory.values), alignment)

    @abc.abstractmethod
    def scores(self, query: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """How well keys [batch, source, key_width] answer queries: float [batch, queries, source]."""

    def _add_weights(self, config: ModelConfig, value_width: int, seeds: random.Random) -> None:
        """Adds the weights that the kind has."""

    def _add_kernel(self, name: str, shape: tuple[int, int], seeds: random.Random) -> keras.Variable:
        initializer = keras.initializers.GlorotUniform(seeds.randrange(2**31))
        return self.add_weight(name=name, shape=shape, initializer=initializer)


class DotAttention(Attention):
    """The score q . v (Luong et al. 2015); queries and values are equally wide. Scaled: q . v / sqrt(width)."""

    def _add_weights(self, config, value_width, seeds):
        self.scale = value_width**-0.5 if config.attention_scaled else 1.0

    def scores(self, query, keys):
        return tf.matmul(query * self.scale, keys, transpose_b=True)


class GeneralAttention(DotAttention):
    """The score q W v (Luong et al. 2015). Scaled: q W v / sqrt(width of v).

    The product q W is taken first, so that the memory is the encoder's outputs as they are.
    """

    def _add_weights(self, config, value_width, seeds):
        super()._add_weights(config, value_width, seeds)
        self.kernel = self._add_kernel("kernel", (config.decoder_units, value_width), seeds)

    def scores(self, query, keys):
        return super().scores(product(query, self.kernel), keys)


class AdditiveAttention(Attention):
    """The score w . tanh(q Q + v K + b) (Bahdanau et al. 2015), its hidden layer as wide as the query.

    Scaled: w is g u / |u|, its length g learned apart from its direction u (weight normalization, Salimans and Kingma
    2016); g starts as 1 / sqrt(width), as in TensorFlow Addons' BahdanauAttention(normalize=True).

    The memory holds the values and v K + b side by side, so that a step does not project the source again.
    """

    def _add_weights(self, config, value_width, seeds):
        self.widths = [value_width, config.decoder_units]  # of values and keys
        key_width = config.decoder_units
        self.query_kernel = self._add_kernel("query_kernel", (config.decoder_units, key_width), seeds)
        self.key_kernel = self._add_kernel("key_kernel", (value_width, key_width), seeds)
        self.key_bias = self.add_weight(name="key_bias", shape=(key_width,), initializer="zeros")
        self.score_kernel = self._add_kernel("score_kernel", (key_width, 1), seeds)
        self.score_length = None
        if config.attention_scaled:
            initializer = keras.initializers.Constant(key_width**-0.5)
            self.score_length = self.add_weight(name="score_length", shape=(), initializer=initializer)

    def memorize(self, values):
        return tf.concat([values, product(values, self.key_kernel) + self.key_bias], axis=-1)

    def recall(self, memory, length):
        values, keys = tf.split(memory, self.widths, axis=-1)
        return AttentionMemory(values, keys, _mask(memory, length))

    def scores(self, query, keys):
        projected = product(query, self.query_kernel)
        hidden = tf.tanh(projected[:, :, tf.newaxis] + keys[:, tf.newaxis])  # [batch, queries, source, key]
        kernel = tf.convert_to_tensor(self.score_kernel)
        if self.score_length is not None:
            kernel *= self.score_length / tf.norm(kernel)
        return tf.squeeze(product(hidden, kernel), axis=-1)


class MultiHeadAttention(Attention):
    """Several attentions side by side, each over projections of its own (Vaswani et al. 2017); no biases.

    A head's score is q Q . v K, scaled: q Q . v K / sqrt(width of a head). The heads share decoder_units equally; what
    they read is projected once more, to decoder_units. The alignment is the mean of the heads'.

    The memory holds the projected values and keys of all heads side by side.
    """

    def _add_weights(self, config, value_width, seeds):
        width = config.decoder_units
        self.context_width = width
        self.heads, self.head_width = config.attention_heads, width // config.attention_heads
        self.scale = self.head_width**-0.5 if config.attention_scaled else 1.0
        self.query_kernel = self._add_kernel("query_kernel", (width, width), seeds)
        self.key_kernel = self._add_kernel("key_kernel", (value_width, width), seeds)
        self.value_kernel = self._add_kernel("value_kernel", (value_width, width), seeds)
        self.output_kernel = self._add_kernel("output_kernel", (width, width), seeds)

    def memorize(self, values):
        return tf.concat([product(values, self.value_kernel), product(values, self.key_kernel)], axis=-1)

    def recall(self, memory, length):
        values, keys = tf.split(memory, 2, axis=-1)
        return AttentionMemory(self._by_head(values), self._by_head(keys), _mask(memory, length))

    def call(self, query, memory):
        alignment = _softmax(self.scores(query, memory.keys), memory.mask[:, tf.newaxis, tf.newaxis])
        read = tf.transpose(tf.matmul(alignment, memory.values), [0, 2, 1, 3])  # [batch, queries, heads, head_width]
        read = tf.reshape(read, tf.concat([tf.shape(query)[:2], [self.context_width]], axis=0))
        return Attended(product(read, self.output_kernel), tf.reduce_mean(alignment, axis=1))

    def scores(self, query, keys):
        """The scores of each head, [batch, heads, queries, source]."""
        return tf.matmul(self._by_head(product(query, self.query_kernel) * self.scale), keys, transpose_b=True)

    def _by_head(self, sequence: tf.Tensor) -> tf.Tensor:
        """[batch, length, width] -> [batch, heads, length, head_width]."""
        shape = tf.concat([tf.shape(sequence)[:2], [self.heads, self.head_width]], axis=0)
        return tf.transpose(tf.reshape(sequence, shape), [0, 2, 1, 3])


def _mask(memory: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    return tf.sequence_mask(length, tf.shape(memory)[1])


def _softmax(scores: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    # The lowest float instead of minus infinity: a row that is padding throughout then gives no NaN.
    return tf.nn.softmax(tf.where(mask, scores, scores.dtype.min))


ATTENTIONS = {
    "dot": DotAttention,
    "general": GeneralAttention,
    "additive": AdditiveAttention,
    "multi_head": MultiHeadAttention,
}
