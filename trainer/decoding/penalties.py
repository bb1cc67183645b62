"""From log-probability to score: the penalties by which hypotheses of different lengths are compared.

References:
    Wu et al. 2016, "Google's Neural Machine Translation System", equation 14: length and coverage penalty.
"""

from typing import NamedTuple

import tensorflow as tf

from trainer.config.decoding import LengthPenalty

# Attention that has rounded to 0 leaves a finite penalty.
_LEAST_COVERAGE = 1e-10


class Penalties(NamedTuple):
    """score = log_prob / length_penalty(length) + coverage * sum over the source of log(min(attention received, 1)).

    Attributes:
        length: `none`: 1. `average`: the length. `gnmt`: ((5 + length) / 6) ** alpha.
        alpha: Exponent of `gnmt`, 0 or more.
        coverage: Weight of the coverage penalty, 0 or more.
    """

    length: LengthPenalty
    alpha: float
    coverage: float

    def score(self, log_prob: tf.Tensor, length: tf.Tensor, attended: tf.Tensor, present: tf.Tensor) -> tf.Tensor:
        """Scores of ended hypotheses, float [batch, width].

        Args:
            log_prob: Float [batch, width].
            length: Int64 scalar, tokens of each hypothesis, the end token included.
            attended: Float [batch, width, source], attention that each source position received in all.
            present: Bool [batch, 1, source], False at padding.
        """
        score = log_prob / self._length_penalty(length)
        if self.coverage:
            covered = tf.math.log(tf.clip_by_value(attended, _LEAST_COVERAGE, 1.0))
            score += self.coverage * tf.reduce_sum(tf.where(present, covered, 0.0), axis=-1)
        return score

    def bound(self, log_prob: tf.Tensor, longest: tf.Tensor) -> tf.Tensor:
        """What the score of an open hypothesis can come to at most, float [batch, width].

        Its log-probability can only fall, the length penalty helps it most at the longest length, and the coverage
        penalty is 0 at best.

        Args:
            log_prob: Float [batch, width], so far.
            longest: Int64 [batch, 1], tokens of the longest hypothesis, the end token included.
        """
        return log_prob / self._length_penalty(longest)

    def _length_penalty(self, length: tf.Tensor) -> tf.Tensor | float:
        if self.length == "none":
            return 1.0
        tokens = tf.cast(length, tf.float32)
        return tokens if self.length == "average" else ((5.0 + tokens) / 6.0) ** self.alpha
