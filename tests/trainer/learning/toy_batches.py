"""A small model and a batch for it, for the tests of losses."""

import numpy as np
import tensorflow as tf

from serving.contract import PAD_ID, START_ID
from trainer.config.model import ModelConfig
from trainer.config.objective import ObjectiveConfig
from trainer.learning.objective import Objective
from trainer.model.seq2seq import Seq2Seq

VOCABULARY = 8
BATCH = {
    "source_ids": tf.constant([[4, 5, 3], [6, 3, 0]], tf.int64),
    "source_length": tf.constant([3, 2], tf.int64),
    "target_input_ids": tf.constant([[2, 5, 6, 7], [2, 4, 0, 0]], tf.int64),
    "target_output_ids": tf.constant([[5, 6, 7, 3], [4, 3, 0, 0]], tf.int64),
    "target_length": tf.constant([4, 2], tf.int64),
    "example_weight": tf.ones([2]),
}
# Row, time and id of each token of the batch's targets.
TOKENS = [(0, 0, 5), (0, 1, 6), (0, 2, 7), (0, 3, 3), (1, 0, 4), (1, 1, 3)]


def toy_model(**settings) -> Seq2Seq:
    """A model whose weights are large enough for its distributions to be far from uniform."""
    settings = {"embedding_size": 4, "encoder_units": 3, "decoder_units": 4, **settings}
    model = Seq2Seq(ModelConfig(**settings), 9, VOCABULARY)
    for variable in model.trainable_variables:
        variable.assign(variable * 5)
    return model


def objective_of(model: Seq2Seq, seed: int = 1, steps: int = 0, **settings) -> Objective:
    """An objective with these settings, by a seed and after so many steps."""
    return Objective(model, ObjectiveConfig(**settings), seed, steps)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities of logits [..., vocabulary], in double precision."""
    logits = np.asarray(logits, np.float64)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def smoothed_distributions(ids, smoothing):
    """What label smoothing makes of the one-hot vectors of ids, float [tokens, vocabulary]."""
    uniform = np.full(VOCABULARY, 1 / (VOCABULARY - 2))
    uniform[[PAD_ID, START_ID]] = 0.0
    return (1 - smoothing) * np.eye(VOCABULARY)[ids] + smoothing * uniform
