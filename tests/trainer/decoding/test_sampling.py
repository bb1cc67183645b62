"""Sampling: the right distribution, cut off where it should be, and the same draw for the same seed."""

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.decoding.random_models import RandomModels
from trainer.decoding.choice import Sampling
from trainer.decoding.constraints import Constraints
from trainer.decoding.limits import Limits
from trainer.decoding.noise import gumbel_noise
from trainer.decoding.penalties import Penalties
from trainer.decoding.search import search

LOG_PROBS = np.log(np.array([0.02, 0.4, 0.08, 0.2, 0.3], np.float32))
ROWS = 20_000


def draw(temperature=1.0, top_k=None, top_p=1.0, allowed=None):
    """Shares of the tokens among many draws from LOG_PROBS."""
    sampling = Sampling(1, tf.range(ROWS, dtype=tf.int64), temperature, top_k, top_p)
    chosen = sampling.choose(
        tf.constant(3, tf.int64),
        tf.zeros([ROWS, 1]),
        tf.tile(tf.constant(LOG_PROBS)[tf.newaxis, tf.newaxis], [ROWS, 1, 1]),
        tf.constant([[[True] * 5 if allowed is None else allowed]]),
    )
    return np.bincount(chosen.token.numpy()[:, 0], minlength=5) / ROWS


def renormalized(weights):
    return np.array(weights) / np.sum(weights)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, np.exp(LOG_PROBS)),
        ({"temperature": 0.5}, renormalized(np.exp(LOG_PROBS) ** 2)),
        ({"temperature": 3.0}, renormalized(np.exp(LOG_PROBS) ** (1 / 3))),
        ({"top_k": 2}, renormalized([0, 0.4, 0, 0, 0.3])),
        ({"top_k": 1}, [0, 1, 0, 0, 0]),
        ({"top_p": 0.75}, renormalized([0, 0.4, 0, 0.2, 0.3])),
        ({"top_p": 0.01}, [0, 1, 0, 0, 0]),
        ({"top_k": 3, "top_p": 0.7}, renormalized([0, 0.4, 0, 0, 0.3])),
        ({"allowed": [True, False, True, True, False]}, renormalized([0.02, 0, 0.08, 0.2, 0])),
        ({"allowed": [True, False, True, True, False], "top_k": 1}, [0, 0, 0, 1, 0]),
    ],
)
def test_tokens_are_drawn_from_the_tempered_and_truncated_distribution(settings, expected):
    # Four standard deviations of a share.
    np.testing.assert_allclose(draw(**settings), expected, atol=4 * 0.5 / np.sqrt(ROWS))


def test_noise_is_gumbel_and_independent_between_seeds_times_hypotheses_and_tokens():
    noise = np.stack([gumbel_noise(tf.range(1000, dtype=tf.int64), tf.constant(t, tf.int64), 3, 7) for t in range(4)])
    assert noise.mean() == pytest.approx(np.euler_gamma, abs=0.02)
    assert noise.var() == pytest.approx(np.pi**2 / 6, abs=0.05)
    assert np.isfinite(noise).all()
    columns = noise.transpose(1, 0, 2, 3).reshape(1000, -1)
    correlations = np.corrcoef(columns, rowvar=False)
    assert np.abs(correlations - np.eye(columns.shape[1])).max() < 0.17
    assert abs(np.corrcoef(columns[:-1].ravel(), columns[1:].ravel())[0, 1]) < 0.02


def test_noise_follows_splitmix64():
    # Steele et al. 2014, worked out with Python's integers.
    def mix(value):
        value = (value + 0x9E3779B97F4A7C15) % 2**64
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) % 2**64
        return value ^ (value >> 31)

    noise = gumbel_noise(tf.constant([-7], tf.int64), tf.constant(5, tf.int64), 2, 3).numpy()
    for place in range(6):
        bits = mix((mix(mix(2**64 - 7) + 5) + place * 0x9E3779B97F4A7C15) % 2**64)
        uniform = ((bits >> 41) + 0.5) / 2**23
        assert noise.ravel()[place] == pytest.approx(-np.log(-np.log(uniform)), abs=1e-4)


def sample(models, seeds, width=3, rows=None):
    source = models.source()
    rows = tf.range(models.count) if rows is None else tf.constant(rows)
    source = type(source)(*(tf.gather(value, rows) for value in source))
    count = [len(seeds)]
    limits = Limits(tf.zeros(count, tf.int64), tf.fill(count, tf.constant(6, tf.int64)))
    return tf.function(search)(
        models.step,
        source,
        Sampling(width, tf.constant(seeds, tf.int64), 1.0, None, 1.0),
        Constraints(limits, None, False, 0),
        Penalties("none", 0.0, 0.0),
        width,
    )


def test_whole_texts_are_drawn_with_their_probability():
    models = RandomModels(seed=2, count=1, vocabulary_size=6, source_length=2)
    found = sample(models, [*range(6000)], width=1, rows=[0] * 6000)
    texts, counts = np.unique(found.ids.numpy()[:, 0], axis=0, return_counts=True)
    checked = 0
    for text, count in zip(texts, counts, strict=True):
        units, token, log_prob = np.zeros(4, np.float32), 2, 0.0
        for following in text[text != 0]:
            log_probs, units, _ = models.step_of(0, token, units)
            log_prob += log_probs[following]
            token = following
        if count > 100 and len(text[text != 0]) <= 6:
            checked += 1
            assert count / 6000 == pytest.approx(np.exp(log_prob), abs=4 * np.sqrt(np.exp(log_prob) / 6000))
    assert checked >= 3


def test_a_draw_depends_on_the_seed_of_its_row_alone():
    models = RandomModels(seed=6, count=5, vocabulary_size=8, source_length=4)
    together = sample(models, [1, 2, 3, 4, 5])
    again = sample(models, [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(together.ids, again.ids)
    alone = sample(models, [4], rows=[3])
    width = alone.ids.shape[2]
    np.testing.assert_array_equal(alone.ids[0], together.ids[3, :, :width])
    other = sample(models, [11, 12, 13, 14, 15])
    assert (other.ids.numpy()[:, :, :1] != together.ids.numpy()[:, :, :1]).any()
    assert (np.diff(together.scores, axis=1) <= 0).all()
