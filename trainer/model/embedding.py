"""Token embeddings, dropout of whole tokens, and tokens that a recurrent layer reads without their vectors."""

import dataclasses
import random
from collections.abc import Callable

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

    def sequence(self, ids: tf.Tensor, mask: tf.Tensor | None) -> "Sequence":
        """Int64 [time, batch], for recurrent layers: looked up only where something of it is dropped."""
        return EmbeddedTokens(ids, self) if mask is None else self.embed(ids, mask)


@dataclasses.dataclass(frozen=True)
class EmbeddedTokens:
    """A sequence of tokens of which nothing is dropped: embedded, but not yet looked up.

    Attributes:
        ids: Int64 [time, batch].
        embedding: The vectors of all tokens.
    """

    ids: tf.Tensor
    embedding: TokenEmbedding

    def vectors(self) -> tf.Tensor:
        """Float [time, batch, embedding]."""
        return self.embedding.embed(self.ids, None)

    def project(self, project: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
        """`project`, a function of single vectors, of all tokens: float [time, batch, width].

        It is taken of the vocabulary, and then looked up, where that has fewer tokens than the sequences: letters and
        sounds come by the dozen, and a batch of them by the thousand.
        """
        return tf.cond(
            tf.size(self.ids) > self.embedding.input_dim,
            lambda: tf.gather(project(tf.convert_to_tensor(self.embedding.embeddings)), self.ids),
            lambda: project(self.vectors()),
        )


# What a recurrent layer reads: float [time, batch, width], or tokens.
Sequence = tf.Tensor | EmbeddedTokens


def vectors(sequence: Sequence) -> tf.Tensor:
    """Float [time, batch, width]."""
    return sequence.vectors() if isinstance(sequence, EmbeddedTokens) else sequence
