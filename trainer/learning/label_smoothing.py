"""Label smoothing (Szegedy et al. 2016)."""

import numpy as np
import tensorflow as tf

from serving.contract import PAD_ID, START_ID


def smoothed_cross_entropy(ids: tf.Tensor, logits: tf.Tensor, smoothing: float) -> tf.Tensor:
    """Cross entropy with (1 - smoothing) of the true token and smoothing of the uniform distribution, float [tokens].

    The uniform distribution is over all tokens that a text can hold: padding and the start token have none of it. The
    function has a gradient of its own, by the logits, and no second derivative.

    Args:
        ids: Int64 [tokens], the true tokens.
        logits: Float [tokens, vocabulary].
        smoothing: Share of the uniform distribution, in [0, 1).
    """
    places = tf.stack([tf.range(tf.size(ids, tf.int64)), ids], axis=1)
    uniform = tf.constant(smoothing * _uniform(logits.shape[-1]), logits.dtype)

    # Logits are the widest tensor: the gradient by them is formed in place, not summed up from three of that width.
    @tf.custom_gradient
    def smoothed(logits):
        # The operation's second output is its gradient, the softmax less the true tokens.
        cross_entropy, gradient = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=logits, labels=ids)
        # log Z - (1 - s) true logit - s mean logit, where cross entropy is log Z - true logit.
        losses = cross_entropy + smoothing * tf.gather_nd(logits, places) - tf.linalg.matvec(logits, uniform)

        def backward(upstream):
            by_logits = upstream[:, tf.newaxis] * (gradient - uniform)
            return tf.tensor_scatter_nd_add(by_logits, places, smoothing * upstream)

        return losses, backward

    return smoothed(logits)


def _uniform(vocabulary_size: int) -> np.ndarray:
    shares = np.full(vocabulary_size, 1 / (vocabulary_size - 2))
    shares[[PAD_ID, START_ID]] = 0.0
    return shares
