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


def divergence(logits: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """How far two predictions are apart, float [tokens], in nats: the mean of KL(p || q) and KL(q || p).

    Args:
        logits: Float [tokens, vocabulary], of p.
        others: Float [tokens, vocabulary], of q.
    """
    log_p, log_q = tf.nn.log_softmax(logits), tf.nn.log_softmax(others)
    # Both divergences in one sum.
    return tf.reduce_sum((tf.exp(log_p) - tf.exp(log_q)) * (log_p - log_q), axis=-1) / 2
