"""Greedy search on a decoder whose every step is written down."""

import numpy as np
import tensorflow as tf

from trainer.decoder import StepOutput
from trainer.decoding.greedy import greedy_search

END = 3
VOCABULARY = 7


class ScriptedDecoder:
    """Gives a row whose memory names script n the n-th script, token after token; its state counts the steps."""

    def __init__(self, scripts):
        self._scripts = tf.constant(scripts, tf.int64)

    def step(self, token, state, memory, source_length):
        script = tf.cast(memory[:, 0, 0], tf.int32)
        time = tf.minimum(tf.cast(state[:, 0], tf.int32), self._scripts.shape[1] - 1)
        wanted = tf.gather_nd(self._scripts, tf.stack([script, time], axis=1))
        # Padding and the start token are far above all others, and must not be taken all the same.
        logits = tf.one_hot(wanted, VOCABULARY) + tf.constant([50.0, 0, 50.0, 0, 0, 0, 0])
        return StepOutput(logits, state + 1, tf.one_hot(time, 4))


def decode(scripts, max_length, batch=None):
    count = len(scripts) if batch is None else batch
    search = tf.function(
        lambda max_length: greedy_search(
            ScriptedDecoder(scripts),
            start=tf.fill([count], tf.constant(2, tf.int64)),
            state=tf.zeros([count, 1]),
            memory=tf.tile(tf.range(float(count))[:, tf.newaxis, tf.newaxis], [1, 4, 1]),
            source_length=tf.fill([count], tf.constant(4, tf.int64)),
            max_length=max_length,
        )
    )
    return search(tf.constant(max_length, tf.int64))


def test_each_row_ends_with_its_end_token():
    decoded = decode([[4, 5, END, 6, 6], [END, 6, 6, 6, 6], [6, 6, 6, 6, END]], [9, 9, 9])
    assert decoded.ids.numpy().tolist() == [[4, 5, END, 0, 0], [END, 0, 0, 0, 0], [6, 6, 6, 6, END]]


def test_log_probs_and_alignment_are_those_of_the_tokens_and_0_after_the_end():
    decoded = decode([[4, END, 6], [4, 4, END]], [9, 9])
    # Five tokens are possible: one with logit 1, four with logit 0.
    right = 1 - np.log(np.e + 4)
    np.testing.assert_allclose(decoded.token_log_probs, [[right, right, 0], [right] * 3], atol=1e-6)
    expected = np.eye(4)[:3] * np.array([[[1], [1], [0]], [[1], [1], [1]]])
    np.testing.assert_allclose(decoded.alignment, expected)


def test_after_the_longest_length_only_the_end_can_follow_row_by_row():
    decoded = decode([[4, 4, 4, 4, 4], [5, 5, 5, 5, 5], [6, END, 6, 6, 6]], [3, 1, 3])
    assert decoded.ids.numpy().tolist() == [[4, 4, 4, END], [5, END, 0, 0], [6, END, 0, 0]]
    forced = -np.log(np.e + 4)
    np.testing.assert_allclose(decoded.token_log_probs.numpy()[:, [3, 1, 1]][[0, 1], [0, 1]], forced, atol=1e-6)


def test_an_empty_batch_has_empty_results():
    decoded = decode([[4, END]], [], batch=0)
    assert decoded.ids.shape[0] == decoded.token_log_probs.shape[0] == decoded.alignment.shape[0] == 0
    assert decoded.alignment.shape.rank == 3
