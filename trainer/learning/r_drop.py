"""R-Drop (Liang et al. 2021): two passes over the same pairs, which dropout makes differ, are to predict the same."""

import tensorflow as tf

from trainer.learning.loss import Predictions


def twice(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """The pairs of a batch, and below them the same pairs once more: dropout acts on each row by itself."""
    return {name: tf.concat([tensor, tensor], axis=0) for name, tensor in batch.items()}


def passes(predicted: Predictions) -> tuple[Predictions, Predictions]:
    """The two passes of what a model says on `twice` a batch, at the same tokens in the same order."""
    halves = [tf.split(tensor, 2) for tensor in predicted]
    return Predictions(*(once for once, _ in halves)), Predictions(*(again for _, again in halves))


@tf.custom_gradient
def divergence(logits: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """How far two predictions are apart, float [tokens], in nats: the mean of KL(p || q) and KL(q || p).

    The function has a gradient of its own, by both, which keeps three tensors of the logits' size; it has no second
    derivative.

    Args:
        logits: Float [tokens, vocabulary], of p.
        others: Float [tokens, vocabulary], of q.
    """
    log_p, log_q = tf.nn.log_softmax(logits), tf.nn.log_softmax(others)
    p, q, apart = tf.exp(log_p), tf.exp(log_q), log_p - log_q

    def backward(upstream):
        # Of KL(p || q) by the logits of p: p (log p - log q - KL(p || q)); of KL(q || p) by them: p - q.
        mean_p, mean_q = (tf.reduce_sum(one * apart, axis=-1, keepdims=True) for one in (p, q))
        scale = upstream[:, tf.newaxis] / 2
        return scale * (p * (apart - mean_p) + p - q), scale * (q * (mean_q - apart) + q - p)

    # Both divergences in one sum.
    return tf.reduce_sum((p - q) * apart, axis=-1) / 2, backward
