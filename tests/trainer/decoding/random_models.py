"""Random recurrent models, one for each row of a batch, whose step is computed by TensorFlow and by NumPy alike."""

import numpy as np
import tensorflow as tf

from trainer.decoding.search import Source
from trainer.model.decoder import StepOutput

UNITS = 4


class RandomModels:
    """`count` models over `vocabulary_size` tokens and a source of `source_length` positions; row n runs model n.

    The state of a row is its units, and behind them the number of its model.
    """

    def __init__(self, seed, count, vocabulary_size, source_length):
        rng = np.random.default_rng(seed)
        self.count = count
        self.recurrent = rng.normal(size=(count, UNITS, UNITS)).astype(np.float32)
        self.embeddings = rng.normal(size=(count, vocabulary_size, UNITS)).astype(np.float32)
        self.output = rng.normal(scale=1.5, size=(count, UNITS, vocabulary_size)).astype(np.float32)
        self.attention = rng.normal(scale=2.0, size=(count, UNITS, source_length)).astype(np.float32)
        self.source_lengths = rng.integers(1, source_length + 1, count)

    def source(self):
        """The rows, each to be decoded by its own model."""
        number = tf.range(float(self.count))[:, tf.newaxis]
        return Source(
            start=tf.fill([self.count], tf.constant(2, tf.int64)),
            state=tf.concat([tf.zeros([self.count, UNITS]), number], axis=1),
            memory=tf.zeros([self.count, self.attention.shape[2], 1]),
            length=tf.constant(self.source_lengths, tf.int64),
        )

    def step(self, token, state, memory, source_length):
        """The step of a decoder, for any number of rows."""
        model = tf.cast(state[:, UNITS], tf.int32)
        recurred = tf.einsum("bu,buv->bv", state[:, :UNITS], tf.gather(self.recurrent, model))
        units = tf.tanh(recurred + tf.gather_nd(self.embeddings, tf.stack([model, tf.cast(token, tf.int32)], axis=1)))
        scores = tf.einsum("bu,bus->bs", units, tf.gather(self.attention, model))
        present = tf.sequence_mask(source_length, tf.shape(memory)[1])
        return StepOutput(
            logits=tf.einsum("bu,buv->bv", units, tf.gather(self.output, model)),
            state=tf.concat([units, state[:, UNITS:]], axis=1),
            alignment=tf.nn.softmax(tf.where(present, scores, -1e9)),
        )

    def step_of(self, number, token, units):
        """One step of one model: the log-probabilities of the next token, the units, and the alignment."""
        units = np.tanh(units @ self.recurrent[number] + self.embeddings[number, token])
        logits = (units @ self.output[number]).astype(np.float64)
        logits[[0, 2]] = -np.inf
        scores = (units @ self.attention[number])[: self.source_lengths[number]]
        return logits - np.log(np.exp(logits).sum()), units, np.exp(scores) / np.exp(scores).sum()
