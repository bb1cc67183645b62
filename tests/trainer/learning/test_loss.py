"""The loss against NumPy."""

import numpy as np
import tensorflow as tf

from trainer.config.model import ModelConfig
from trainer.learning.loss import token_totals
from trainer.model.seq2seq import Seq2Seq

SOURCE = {"source_ids": tf.constant([[4, 5, 3], [6, 3, 0]], tf.int64), "source_length": tf.constant([3, 2], tf.int64)}
TARGET = {
    "target_input_ids": tf.constant([[2, 5, 6, 7], [2, 4, 0, 0]], tf.int64),
    "target_output_ids": tf.constant([[5, 6, 7, 3], [4, 3, 0, 0]], tf.int64),
}


def test_totals_are_cross_entropy_and_hits_of_real_tokens():
    model = Seq2Seq(ModelConfig(embedding_size=4, encoder_units=3, decoder_units=4), 9, 8)
    for variable in model.trainable_variables:
        variable.assign(variable * 5)
    logits = model({**SOURCE, **TARGET}).numpy().astype(np.float64)
    log_probs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    places = [(0, 0, 5), (0, 1, 6), (0, 2, 7), (0, 3, 3), (1, 0, 4), (1, 1, 3)]

    totals = token_totals(model, {**SOURCE, **TARGET})

    np.testing.assert_allclose(totals.loss, -sum(log_probs[place] for place in places), rtol=1e-5)
    assert totals.tokens == 6
    assert totals.correct == sum(logits[row, time].argmax() == token for row, time, token in places)


def test_a_model_that_knows_nothing_loses_the_logarithm_of_the_vocabulary():
    model = Seq2Seq(ModelConfig(embedding_size=4, encoder_units=3, decoder_units=4), 9, 8)
    model.decoder.output_layer.kernel.assign(tf.zeros([4, 8]))
    totals = token_totals(model, {**SOURCE, **TARGET})
    np.testing.assert_allclose(totals.loss / totals.tokens, np.log(8), rtol=1e-6)
