"""How hypotheses are continued: the most probable ones of all (beam), or each by a token drawn at random (sampling)."""

import abc
from typing import NamedTuple

import tensorflow as tf

from trainer.decoding.noise import gumbel_noise


class Chosen(NamedTuple):
    """The continuations of one step.

    Attributes:
        parent: Int32 [batch, width], the hypothesis that each one continues.
        token: Int64 [batch, width].
        is_open: Bool [batch, width], False where there was nothing to choose.
    """

    parent: tf.Tensor
    token: tf.Tensor
    is_open: tf.Tensor


class Choice(abc.ABC):
    """A way to continue hypotheses."""

    # Whether hypotheses compete: then a row is done when no open one can come among the best.
    competing: bool
    width: int

    @abc.abstractmethod
    def open_at_start(self) -> list[bool]:
        """Which of the `width` hypotheses, all of them empty, are there before the first step."""

    @abc.abstractmethod
    def choose(self, time: tf.Tensor, log_probs: tf.Tensor, token_log_probs: tf.Tensor, allowed: tf.Tensor) -> Chosen:
        """Continues the hypotheses of every row.

        Args:
            time: Int64 scalar, tokens that every hypothesis has written.
            log_probs: Float [batch, width], of the hypotheses; minus infinity where there is none.
            token_log_probs: Float [batch, width, vocabulary], of the next token.
            allowed: Bool [batch, width or 1, vocabulary], the tokens to choose from.
        """


class Beam(Choice):
    """The `width` most probable continuations of all hypotheses of a row; of equal ones the first. Greedy at width 1.

    Args:
        width: Hypotheses of a row.
    """

    competing = True

    def __init__(self, width: int):
        self.width = width

    def open_at_start(self):
        return [index == 0 for index in range(self.width)]

    def choose(self, time, log_probs, token_log_probs, allowed):
        vocabulary_size = token_log_probs.shape[-1]
        continued = tf.where(allowed, log_probs[:, :, tf.newaxis] + token_log_probs, float("-inf"))
        flat = tf.reshape(continued, [-1, self.width * vocabulary_size])
        best = tf.math.top_k(flat, self.width)
        return Chosen(
            parent=best.indices // vocabulary_size,
            token=tf.cast(best.indices % vocabulary_size, tf.int64),
            is_open=best.values > float("-inf"),
        )


class Sampling(Choice):
    """Each hypothesis goes on by itself, with a token drawn from the tempered and truncated distribution.

    The draw depends on the row's seed, the hypothesis and the time alone: not on the other rows of the batch.
    Top-k: Fan et al. 2018, "Hierarchical Neural Story Generation". Top-p: Holtzman et al. 2020, "The Curious Case of
    Neural Text Degeneration".

    Args:
        width: Hypotheses of a row.
        seed: Int64 [batch].
        temperature: Above 0; logits are divided by it.
        top_k: Only so many of the most probable tokens are drawn from; None: all.
        top_p: Only the fewest most probable tokens are drawn from that have this probability together; 1: all.
    """

    competing = False

    def __init__(self, width: int, seed: tf.Tensor, temperature: float, top_k: int | None, top_p: float):
        self.width = width
        self._seed = seed
        self._temperature = temperature
        self._top_k = top_k
        self._top_p = top_p

    def open_at_start(self):
        return [True] * self.width

    def choose(self, time, log_probs, token_log_probs, allowed):
        tempered = tf.where(allowed, token_log_probs / self._temperature, float("-inf"))
        noise = gumbel_noise(self._seed, time, self.width, token_log_probs.shape[-1])
        if self._top_k is not None or self._top_p < 1.0:
            tempered = tf.where(self._kept(tempered), tempered, float("-inf"))
        return Chosen(
            parent=tf.tile(tf.range(self.width)[tf.newaxis], [tf.shape(log_probs)[0], 1]),
            # The highest sum of log-probability and Gumbel noise is a draw from the distribution.
            token=tf.argmax(tempered + noise, axis=-1),
            is_open=log_probs > float("-inf"),
        )

    def _kept(self, tempered: tf.Tensor) -> tf.Tensor:
        """The tokens that are drawn from, bool [batch, width, vocabulary]."""
        best = tf.math.top_k(tempered, tempered.shape[-1])
        kept = tf.ones_like(best.values, tf.bool)
        if self._top_k is not None:
            kept &= tf.range(tempered.shape[-1]) < self._top_k
        if self._top_p < 1.0:
            probabilities = tf.nn.softmax(tf.where(kept, best.values, float("-inf")))
            kept &= tf.cumsum(probabilities, axis=-1, exclusive=True) < self._top_p
        rank = tf.argsort(best.indices, axis=-1)
        return tf.gather(kept, rank, batch_dims=2)
