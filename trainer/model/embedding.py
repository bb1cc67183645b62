"""Token embeddings, and dropout of whole tokens."""

import random

import keras
import tensorflow as tf

from trainer.config.model import ModelConfig


class TokenEmbedding(keras.layers.Embedding):
    """One vector for each token.

    model.embedding_dropout drops tokens of the vocabulary, each wherever it stands in a sequence, and others in each
    sequence (Gal and Ghahramani 2016, section 4.2). What is left is scaled up, so that the mean stays.

    Args:
        config: The architecture.
        vocabulary_size: Number of tokens, special ones included.
        seeds: Where the seeds of weights and dropout are drawn from.
    """

    def __init__(self, config: ModelConfig, vocabulary_size: int, seeds: random.Random):
        super().__init__(
            vocabulary_size,
            config.embedding_size,
            embeddings_initializer=keras.initializers.RandomUniform(seed=seeds.randrange(2**31)),
        )
        self.dropout = keras.layers.Dropout(config.embedding_dropout, seed=seeds.randrange(2**31))
        self.build()

    def mask(self, batch: tf.Tensor) -> tf.Tensor | None:
        """The factor of each token in each of a batch of sequences, [batch, vocabulary]; None: nothing is dropped."""
        return self.dropout(tf.ones([batch, self.input_dim]), training=True) if self.dropout.rate else None

    def embed(self, ids: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
        """Int64 [..., batch] -> float [..., batch, embedding]; `mask` is from `mask`, or None."""
        embedded = self(ids)
        if mask is None:
            return embedded
        rows = tf.broadcast_to(tf.range(tf.shape(ids, ids.dtype)[-1], dtype=ids.dtype), tf.shape(ids))
        return embedded * tf.gather_nd(mask, tf.stack([rows, ids], axis=-1))[..., tf.newaxis]
