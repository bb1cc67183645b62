"""The distribution over the next token, worked out by hand."""

import numpy as np
import tensorflow as tf

from trainer.decoding.distribution import log_probs_of, next_token_log_probs

LOGITS = np.array([[9.0, 0.0, 9.0, 1.0, 2.0]], np.float32)  # of padding, unknown, start, end, and one token
EXPECTED = np.array([0.0, 1.0, 2.0]) - np.log(1 + np.e + np.e**2)


def test_padding_and_start_are_never_next_and_the_others_share_all_probability():
    log_probs = next_token_log_probs(tf.constant(LOGITS)).numpy()[0]
    np.testing.assert_allclose(log_probs[[1, 3, 4]], EXPECTED, atol=1e-6)
    assert np.exp(log_probs[[0, 2]]).tolist() == [0.0, 0.0]
    assert np.isfinite(log_probs).all()


def test_log_probs_of_ids_leave_padding_out():
    logits = tf.constant(np.tile(LOGITS, (2, 3, 1)))
    found = log_probs_of(tf.constant([[4, 3, 0], [1, 4, 3]], tf.int64), logits).numpy()
    unknown, end, token = EXPECTED
    np.testing.assert_allclose(found, [[token, end, 0.0], [unknown, token, end]], atol=1e-6)
