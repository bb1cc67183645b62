"""Label smoothing (Szegedy et al. 2016)."""

import numpy as np
import tensorflow as tf

from serving.contract import PAD_ID, START_ID
from trainer.learning.loss import Predictions


def smoothed_cross_entropy(predicted: Predictions, smoothing: float) -> tf.Tensor:
    """Cross entropy with (1 - smoothing) of the true token and smoothing of the uniform distribution, float [tokens].

    The uniform distribution is over all tokens that a text can hold: padding and the start token have none of it. The
    distributions themselves are never written down, since they are as wide as the vocabulary.

    Args:
        predicted: What the model says at the tokens.
        smoothing: Share of the uniform distribution, in [0, 1).
    """
    # log Z - (1 - s) true logit - s mean logit, where cross entropy is log Z - true logit.
    true = tf.gather(predicted.logits, predicted.ids, batch_dims=1)
    shares = tf.constant(_uniform(predicted.logits.shape[-1]), predicted.logits.dtype)
    return predicted.cross_entropy + smoothing * (true - tf.linalg.matvec(predicted.logits, shares))


def _uniform(vocabulary_size: int) -> np.ndarray:
    shares = np.full(vocabulary_size, 1 / (vocabulary_size - 2))
    shares[[PAD_ID, START_ID]] = 0.0
    return shares
