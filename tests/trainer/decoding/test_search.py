"""The search in the graph against a plain one in NumPy, on hundreds of random models."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.decoding.random_models import RandomModels
from tests.trainer.decoding.reference_search import Found, Settings, reference_search, score
from trainer.decoding.choice import Beam
from trainer.decoding.constraints import Constraints, Prefix
from trainer.decoding.hypotheses import NO_HYPOTHESIS
from trainer.decoding.limits import Limits
from trainer.decoding.penalties import Penalties
from trainer.decoding.search import search

VOCABULARY = 8
SOURCE = 5
END = 3


def run(models, settings, vocabulary_size=VOCABULARY):
    """The search in the graph, as NumPy arrays."""

    @tf.function
    def graph():
        count = [models.count]
        limits = Limits(
            tf.fill(count, tf.constant(settings.shortest, tf.int64)),
            tf.fill(count, tf.constant(settings.longest, tf.int64)),
        )
        prefix = None
        if settings.prefix:
            ids = tf.constant([settings.prefix] * models.count, tf.int64)
            prefix = Prefix(ids, tf.fill(count, tf.constant(len(settings.prefix), tf.int64)))
        return search(
            models.step,
            models.source(),
            Beam(settings.beam_size),
            Constraints(limits, prefix, settings.suppress_unknown, settings.no_repeat_ngram),
            Penalties(settings.length_penalty, settings.alpha, settings.coverage),
            settings.n_best,
        )

    return type(graph())(*(value.numpy() for value in graph()))


def tokens_of(ids):
    return ids[ids != 0].tolist()


def check(found, models, settings, vocabulary_size=VOCABULARY):
    """The rows of `found` are what the plain search finds."""
    for row in range(models.count):
        expected = reference_search(models, row, settings, vocabulary_size)
        texts = [tokens_of(ids) for ids in found.ids[row]]
        assert texts[: len(expected)] == [hypothesis.tokens for _, hypothesis in expected]
        np.testing.assert_allclose(found.scores[row, : len(expected)], [x for x, _ in expected], rtol=1e-4, atol=1e-4)
        for place, (_, hypothesis) in enumerate(expected):
            length, source = len(hypothesis.tokens), models.source_lengths[row]
            np.testing.assert_allclose(
                found.token_log_probs[row, place, :length], hypothesis.token_log_probs, rtol=1e-4, atol=1e-4
            )
            np.testing.assert_allclose(
                found.alignment[row, place, :length, :source], hypothesis.alignment, rtol=1e-3, atol=1e-4
            )
            assert not found.token_log_probs[row, place, length:].any()
            assert not found.alignment[row, place, length:].any()
            np.testing.assert_allclose(found.log_probs[row, place], hypothesis.log_prob, rtol=1e-4, atol=1e-4)
        assert texts[len(expected) :] == [[]] * (settings.n_best - len(expected))
        assert (found.scores[row, len(expected) :] == np.float32(NO_HYPOTHESIS)).all()


SETTINGS = {
    "greedy": Settings(beam_size=1, n_best=1),
    "greedy with a length penalty": Settings(beam_size=1, n_best=1, length_penalty="gnmt"),
    "beam": Settings(),
    "wide beam, one best": Settings(beam_size=9, n_best=1, longest=9),
    "average": Settings(beam_size=4, n_best=4, length_penalty="average"),
    "gnmt": Settings(beam_size=5, n_best=2, length_penalty="gnmt", alpha=1.0, longest=9),
    "coverage": Settings(beam_size=5, n_best=3, length_penalty="gnmt", coverage=0.4),
    "shortest": Settings(beam_size=3, n_best=3, shortest=4, longest=7),
    "exact length": Settings(beam_size=4, n_best=4, shortest=5, longest=5),
    "unigrams": Settings(beam_size=4, n_best=3, no_repeat_ngram=1, longest=9),
    "bigrams": Settings(beam_size=4, n_best=3, no_repeat_ngram=2, longest=9),
    "trigrams": Settings(beam_size=4, n_best=3, no_repeat_ngram=3, shortest=8, longest=12),
    "no unknown": Settings(beam_size=4, n_best=4, suppress_unknown=True),
    "prefix": Settings(beam_size=4, n_best=4, prefix=(5, 6), suppress_unknown=True),
    "prefix that is long and unknown": Settings(beam_size=2, n_best=2, prefix=(1, 5, 5, 5, 7), longest=4),
    "everything": Settings(6, 3, 2, 8, "average", 0.6, 0.2, 2, True, (4,)),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_equals_the_plain_search(name):
    models = RandomModels(seed=hash_of(name), count=30, vocabulary_size=VOCABULARY, source_length=SOURCE)
    check(run(models, SETTINGS[name]), models, SETTINGS[name])


def hash_of(name):
    return sum(name.encode())


def test_where_every_continuation_is_forbidden_the_text_ends():
    # Unigrams must not repeat, and there are only two tokens: the third place is left to the end, too short or not.
    settings = Settings(beam_size=2, n_best=2, shortest=5, longest=9, no_repeat_ngram=1)
    models = RandomModels(seed=1, count=5, vocabulary_size=5, source_length=SOURCE)
    found = run(models, settings, vocabulary_size=5)
    check(found, models, settings, vocabulary_size=5)
    assert all(sorted(tokens_of(ids)) == [1, END, 4] for row in found.ids for ids in row)


@pytest.mark.parametrize("length_penalty", ["none", "average", "gnmt"])
def test_a_beam_wider_than_the_number_of_strings_finds_the_best_of_all(length_penalty):
    settings = Settings(beam_size=60, n_best=10, longest=3, length_penalty=length_penalty, coverage=0.1)
    models = RandomModels(seed=9, count=10, vocabulary_size=6, source_length=SOURCE)
    found = run(models, settings, vocabulary_size=6)
    for row in range(models.count):
        everything = []
        for length in range(4):
            for tokens in itertools.product((1, 4, 5), repeat=length):
                hypothesis = Found([], [], [], np.zeros(4, np.float32))
                token = 2
                for following in (*tokens, END):
                    log_probs, units, alignment = models.step_of(row, token, hypothesis.units)
                    hypothesis = Found(
                        [*hypothesis.tokens, following],
                        [*hypothesis.token_log_probs, log_probs[following]],
                        [*hypothesis.alignment, alignment],
                        units,
                    )
                    token = following
                everything.append((score(hypothesis, settings), hypothesis.tokens))
        everything.sort(key=lambda pair: -pair[0])
        assert len(everything) == 40
        assert [tokens_of(ids) for ids in found.ids[row]] == [tokens for _, tokens in everything[:10]]


def test_the_n_best_are_sorted_and_without_duplicates():
    settings = Settings(beam_size=8, n_best=8, length_penalty="gnmt", coverage=0.3, longest=8)
    found = run(RandomModels(seed=4, count=40, vocabulary_size=VOCABULARY, source_length=SOURCE), settings)
    assert (np.diff(found.scores, axis=1) <= 0).all()
    for row in found.ids:
        texts = [tuple(tokens_of(ids)) for ids in row if ids.any()]
        assert len(set(texts)) == len(texts) >= 2
