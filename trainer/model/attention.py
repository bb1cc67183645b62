"""Attention: which positions of the source a decoder state looks at, and what it reads there."""

import random
from typing import NamedTuple

import keras
import tensorflow as tf

from trainer.model.product import product


class AttentionMemory(NamedTuple):
    """The source as an attention sees it.

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
        context: Float [batch, queries, width], the values weighted by the alignment.
        alignment: Float [batch, queries, source], rows sum to 1; 0 at padding.
    """

    context: tf.Tensor
    alignment: tf.Tensor


class LuongAttention(keras.layers.Layer):
    """Multiplicative attention with the general score q W v (Luong et al. 2015).

    The product q W is taken first, so that the memory is the encoder's outputs as they are.

    Args:
        query_width: Width of the queries.
        value_width: Width of the encoder's outputs.
        seeds: Where the seeds of the weights are drawn from.
    """

    def __init__(self, query_width: int, value_width: int, seeds: random.Random):
        super().__init__()
        self.kernel = self.add_weight(name="kernel", shape=(query_width, value_width), initializer=_glorot(seeds))
        self.built = True

    def memorize(self, values: tf.Tensor) -> tf.Tensor:
        """The memory of one source, opaque to others: [batch, source, width] -> [batch, source, memory_width]."""
        return values

    def recall(self, memory: tf.Tensor, length: tf.Tensor) -> AttentionMemory:
        """Opens a memory of `memorize`, given the source lengths, int [batch]."""
        return AttentionMemory(memory, memory, _mask(memory, length))

    def call(self, query: tf.Tensor, memory: AttentionMemory) -> Attended:
        """Attends with each query, float [batch, queries, query_width]."""
        scores = tf.matmul(product(query, self.kernel), memory.keys, transpose_b=True)
        return _read(scores, memory)


class BahdanauAttention(keras.layers.Layer):
    """Additive attention with the score w . tanh(q Q + v K + b) (Bahdanau et al. 2015).

    The memory holds the values and v K + b side by side, so that a step does not project the source again.

    Args:
        query_width: Width of the queries, and of the hidden layer of the score.
        value_width: Width of the encoder's outputs.
        seeds: Where the seeds of the weights are drawn from.
    """

    def __init__(self, query_width: int, value_width: int, seeds: random.Random):
        super().__init__()
        self.value_width = value_width
        self.key_width = query_width
        self.query_kernel = self.add_weight(
            name="query_kernel", shape=(query_width, self.key_width), initializer=_glorot(seeds)
        )
        self.key_kernel = self.add_weight(
            name="key_kernel", shape=(value_width, self.key_width), initializer=_glorot(seeds)
        )
        self.key_bias = self.add_weight(name="key_bias", shape=(self.key_width,), initializer="zeros")
        self.score_kernel = self.add_weight(name="score_kernel", shape=(self.key_width, 1), initializer=_glorot(seeds))
        self.built = True

    def memorize(self, values: tf.Tensor) -> tf.Tensor:
        """The memory of one source, opaque to others: [batch, source, width] -> [batch, source, memory_width]."""
        return tf.concat([values, product(values, self.key_kernel) + self.key_bias], axis=-1)

    def recall(self, memory: tf.Tensor, length: tf.Tensor) -> AttentionMemory:
        """Opens a memory of `memorize`, given the source lengths, int [batch]."""
        values, keys = tf.split(memory, [self.value_width, self.key_width], axis=-1)
        return AttentionMemory(values, keys, _mask(memory, length))

    def call(self, query: tf.Tensor, memory: AttentionMemory) -> Attended:
        """Attends with each query, float [batch, queries, query_width]."""
        projected = product(query, self.query_kernel)
        hidden = tf.tanh(projected[:, :, tf.newaxis] + memory.keys[:, tf.newaxis])  # [batch, queries, source, key]
        return _read(tf.squeeze(product(hidden, self.score_kernel), axis=-1), memory)


def _glorot(seeds: random.Random) -> keras.initializers.Initializer:
    return keras.initializers.GlorotUniform(seeds.randrange(2**31))


def _mask(memory: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    return tf.sequence_mask(length, tf.shape(memory)[1])


def _read(scores: tf.Tensor, memory: AttentionMemory) -> Attended:
    # The lowest float instead of minus infinity: a row that is padding throughout then gives no NaN.
    scores = tf.where(memory.mask[:, tf.newaxis], scores, scores.dtype.min)
    alignment = tf.nn.softmax(scores)
    return Attended(tf.matmul(alignment, memory.values), alignment)


ATTENTIONS = {"luong": LuongAttention, "bahdanau": BahdanauAttention}
