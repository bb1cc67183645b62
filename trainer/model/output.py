"""The layers that logits come from."""

import keras
import tensorflow as tf

from trainer.model.embedding import TokenEmbedding
from trainer.model.product import as_factor


class TiedOutput(keras.layers.Layer):
    """Logits of tokens by the inner product with their embeddings, plus a bias (Press and Wolf 2017; Inan et al. 2017).

    Args:
        embedding: The tokens' embeddings, whose weights this layer uses.
    """

    def __init__(self, embedding: TokenEmbedding):
        super().__init__()
        self.embedding = embedding
        self.bias = self.add_weight(name="bias", shape=(embedding.input_dim,), initializer="zeros")
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """[..., embedding] -> [..., vocabulary]."""
        factor = as_factor(self.embedding.embeddings)
        rows = tf.reshape(inputs, [-1, self.embedding.output_dim])
        logits = tf.cast(tf.matmul(tf.cast(rows, factor.dtype), factor, transpose_b=True), inputs.dtype)
        logits = tf.nn.bias_add(logits, self.bias)
        return tf.reshape(logits, tf.concat([tf.shape(inputs)[:-1], [self.embedding.input_dim]], axis=0))
