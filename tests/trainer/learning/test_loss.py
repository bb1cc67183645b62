"""The loss against NumPy."""

import numpy as np
import tensorflow as tf

from tests.trainer.learning.toy_batches import BATCH, TOKENS, VOCABULARY, log_softmax, toy_model
from trainer.learning.loss import token_totals


def test_totals_are_cross_entropy_and_hits_of_real_tokens():
    model = toy_model()
    log_probs = log_softmax(model(BATCH))

    totals = token_totals(model, BATCH)

    np.testing.assert_allclose(totals.loss, -sum(log_probs[place] for place in TOKENS), rtol=1e-5)
    assert totals.tokens == 6
    assert totals.correct == sum(log_probs[row, time].argmax() == token for row, time, token in TOKENS)


def test_a_model_that_knows_nothing_loses_the_logarithm_of_the_vocabulary():
    model = toy_model()
    model.decoder.output_layer.kernel.assign(tf.zeros([4, VOCABULARY]))
    totals = token_totals(model, BATCH)
    np.testing.assert_allclose(totals.loss / totals.tokens, np.log(VOCABULARY), rtol=1e-6)
