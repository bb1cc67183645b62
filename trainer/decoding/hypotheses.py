"""What decoding gives."""

from typing import NamedTuple

import tensorflow as tf

# Score and log-probability of a place in an n-best list that no hypothesis fills.
NO_HYPOTHESIS = -1e9


class Hypotheses(NamedTuple):
    """The n best hypotheses of each row, from the highest score to the lowest; N-best lists that are short are filled
    with empty hypotheses of score NO_HYPOTHESIS.

    Attributes:
        ids: Int64 [batch, n, target], the end token included, then padding.
        scores: Float [batch, n], log-probability under the length and coverage penalties.
        log_probs: Float [batch, n], sum of the tokens' log-probabilities.
        token_log_probs: Float [batch, n, target], of the model's own distribution; 0 at padding.
        alignment: Float [batch, n, target, source], where each token looked at; 0 at padding.
    """

    ids: tf.Tensor
    scores: tf.Tensor
    log_probs: tf.Tensor
    token_log_probs: tf.Tensor
    alignment: tf.Tensor
