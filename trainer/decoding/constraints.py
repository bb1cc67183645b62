"""Which tokens may come next. What is forbidden is not chosen; the log-probabilities of the rest stay as they are."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from serving.contract import END_ID, PAD_ID, START_ID, UNKNOWN_ID
from trainer.decoding.limits import Limits


class Prefix(NamedTuple):
    """How the text of each row has to start.

    Attributes:
        ids: Int64 [batch, prefix], padded.
        length: Int64 [batch], tokens of each; what is above the row's longest length is cut.
    """

    ids: tf.Tensor
    length: tf.Tensor


class Constraints(NamedTuple):
    """What restricts the next token, by order of precedence.

    1. After the longest length, only the end token.
    2. Within the prefix, only its next token.
    3. Never padding or the start token, nor the unknown token where it is suppressed, nor the end token before the
       shortest length, nor a token that completes an n-gram which the hypothesis has already. Where nothing is left,
       the end token.

    Attributes:
        limits: Shortest and longest lengths.
        prefix: How each row starts, or None.
        suppress_unknown: Whether the unknown token is forbidden.
        no_repeat_ngram: Length of n-grams that must not come twice; 0: they may.
    """

    limits: Limits
    prefix: Prefix | None
    suppress_unknown: bool
    no_repeat_ngram: int

    def allowed(self, time: tf.Tensor, history: tf.Tensor, vocabulary_size: int) -> tf.Tensor:
        """The tokens that may come next, bool [batch, width or 1, vocabulary].

        Args:
            time: Int64 scalar, tokens that every hypothesis has written.
            history: Int64 [batch, width, at least `time`], these tokens.
            vocabulary_size: Number of target tokens, special ones included.
        """
        tokens = tf.range(vocabulary_size, dtype=tf.int64)
        is_end = tokens == END_ID
        ordinary = np.ones(vocabulary_size, bool)
        ordinary[[PAD_ID, START_ID, END_ID, *([UNKNOWN_ID] if self.suppress_unknown else [])]] = False
        may_end = (time >= self.limits.shortest)[:, tf.newaxis, tf.newaxis]
        allowed = ordinary | (is_end & may_end)
        if self.no_repeat_ngram:
            allowed &= ~self._repeats(time, history, vocabulary_size) | is_end
            allowed |= is_end & ~tf.reduce_any(allowed, axis=-1, keepdims=True)
        if self.prefix is not None:
            width = tf.shape(self.prefix.ids, tf.int64)[1]
            following = tf.gather(tf.pad(self.prefix.ids, [[0, 0], [0, 1]]), tf.minimum(time, width), axis=1)
            within = (time < self.prefix.length)[:, tf.newaxis, tf.newaxis]
            allowed = tf.where(within, (tokens == following[:, tf.newaxis])[:, tf.newaxis], allowed)
        must_end = (time >= self.limits.longest)[:, tf.newaxis, tf.newaxis]
        return tf.where(must_end, is_end, allowed)

    def _repeats(self, time: tf.Tensor, history: tf.Tensor, vocabulary_size: int) -> tf.Tensor:
        """The tokens that would complete an n-gram for the second time, bool [batch, width, vocabulary]."""
        size = self.no_repeat_ngram
        windows = tf.maximum(time - size + 1, 0)
        repeated = tf.ones_like(history[:, :, :windows], tf.bool)
        for place in range(size - 1):
            last = tf.maximum(time - size + 1 + place, 0)
            repeated &= history[:, :, place : place + windows] == history[:, :, last : last + 1]
        where = tf.where(repeated)
        completing = tf.gather_nd(history[:, :, size - 1 : size - 1 + windows], where)
        shape = tf.concat([tf.shape(history, tf.int64)[:2], [vocabulary_size]], axis=0)
        counts = tf.scatter_nd(
            tf.concat([where[:, :2], completing[:, tf.newaxis]], axis=1), tf.ones_like(completing, tf.int32), shape
        )
        return counts > 0
