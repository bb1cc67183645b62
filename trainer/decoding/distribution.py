"""The distribution over the next token, the same for every way of decoding and for scoring."""

import numpy as np
import tensorflow as tf

from serving.contract import PAD_ID, START_ID

# Logits of what is no part of a text. Finite, so that no sum of log-probabilities is ever not a number.
_IMPOSSIBLE = -1e9


def next_token_log_probs(logits: tf.Tensor) -> tf.Tensor:
    """Natural logarithms of the probabilities of the next token, float [..., vocabulary].

    Padding and the start token are never a next token: their probability is 0, and those of all others sum to 1.

    Args:
        logits: Float [..., vocabulary].
    """
    offsets = np.zeros(logits.shape[-1], np.float32)
    offsets[[PAD_ID, START_ID]] = _IMPOSSIBLE
    return tf.nn.log_softmax(logits + offsets)


def log_probs_of(ids: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """The log-probability of each id, float [batch, target]; 0 for padding.

    Args:
        ids: Int64 [batch, target].
        logits: Float [batch, target, vocabulary], of the distributions that the ids are drawn from.
    """
    log_probs = tf.gather(next_token_log_probs(logits), ids, batch_dims=2)
    return tf.where(ids == PAD_ID, 0.0, log_probs)
