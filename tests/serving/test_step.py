"""Decoding on the client's side, against searches that are written down anew here."""

import itertools
import math

import numpy as np
import pytest

from serving import contract
from serving.client import TranslationClient
from serving.step import DecodingSettings, Request, SamplingSettings, StepDecoder
from serving.step.choice import gumbel_noise, top_k
from serving.step.lexical import progress
from serving.step.model import Source, StepModel

TEXTS = ["hello", "", "日本ا🙂", "ab", "a longer line"]


@pytest.fixture(scope="module")
def predictor(address):
    with TranslationClient(address, "translator") as client:
        yield client.predictor


class Plain:
    """The model one text at a time, and log-probabilities of any continuation."""

    def __init__(self, predictor, text):
        self.model = StepModel(predictor)
        self.start = self.model.encode([text.encode()])
        self.source = Source(self.start).inputs(np.zeros(1, np.int64))
        self.cache = {}

    def after(self, ids):
        """State and log-probabilities after these ids."""
        if ids not in self.cache:
            token, state = (ids[-1:], self.after(ids[:-1])[0]) if ids else (self.start.token, self.start.state)
            outputs = self.model.step(self.source, np.int64(token), state, [contract.LOG_PROBS])
            self.cache[ids] = outputs[contract.STATE], outputs[contract.LOG_PROBS][0]
        return self.cache[ids]

    def beam(self, width, n_best, normalize):
        """Best-first list of (score, ids): all continuations of all hypotheses, the best kept."""
        longest = int(self.start.max_length[0])
        hypotheses, ended = [(0.0, ())], []
        for time in range(longest + 1):
            grown = []
            for total, ids in hypotheses:
                for token, log_prob in enumerate(self.after(ids)[1]):
                    if token not in (contract.PAD_ID, contract.START_ID) and (
                        time < longest or token == contract.END_ID
                    ):
                        grown.append((total + float(log_prob), (*ids, token)))
            grown = sorted(grown, key=lambda one: -one[0])[:width]
            ended += [(total / normalize(len(ids)), ids) for total, ids in grown if ids[-1] == contract.END_ID]
            ended = sorted(ended, key=lambda one: -one[0])[:n_best]
            hypotheses = [one for one in grown if one[1][-1] != contract.END_ID]
        return ended


PENALTIES = {
    "none": lambda length: 1,
    "average": lambda length: length,
    "gnmt": lambda length: ((5 + length) / 6) ** 0.6,
}


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("text", ["ab", "", "日本"])
def test_beam_search(predictor, text, penalty):
    settings = DecodingSettings(beam_size=4, n_best=3, length_penalty=penalty)
    [decoded] = StepDecoder(predictor, settings).decode([text])
    expected = Plain(predictor, text).beam(4, 3, PENALTIES[penalty])
    assert [one.ids for one in decoded.hypotheses] == [ids for _, ids in expected]
    np.testing.assert_allclose([one.score for one in decoded.hypotheses], [score for score, _ in expected], atol=1e-4)
    for one in decoded.hypotheses:
        assert one.log_prob == pytest.approx(math.fsum(one.token_log_probs), abs=1e-4)
        assert one.tokens[-1] == "</s>"
        assert "".join(one.tokens[:-1]) == one.text


def test_the_answer_does_not_depend_on_the_other_texts(predictor):
    decoder = StepDecoder(predictor, DecodingSettings(beam_size=3, n_best=2))
    together = decoder.decode(TEXTS)
    alone = [decoder.decode([text])[0] for text in TEXTS]
    assert [[one.ids for one in decoded.hypotheses] for decoded in together] == [
        [one.ids for one in decoded.hypotheses] for decoded in alone
    ]


def test_alignments_and_source_tokens(predictor):
    decoder = StepDecoder(predictor, DecodingSettings(beam_size=2, n_best=2), with_alignment=True)
    for text, decoded in zip(TEXTS, decoder.decode(TEXTS), strict=True):
        assert len(decoded.source_tokens) == len(text) + 1
        for one in decoded.hypotheses:
            assert one.alignment.shape == (len(one.ids), len(text) + 1)
            np.testing.assert_allclose(one.alignment.sum(axis=1), 1, rtol=1e-4)


@pytest.mark.parametrize("beam_size", [1, 3])
def test_a_stream_gives_the_best_text_token_by_token(predictor, beam_size):
    decoder = StepDecoder(predictor, DecodingSettings(beam_size=beam_size))
    got = [[] for _ in TEXTS]
    for decided in decoder.stream(TEXTS):
        got[decided.row].append(decided.token)
    assert [tuple(tokens) for tokens in got] == [one.hypotheses[0].tokens for one in decoder.decode(TEXTS)]


def test_a_stream_that_is_closed_takes_no_more_steps(predictor):
    class Counting:
        calls = 0

        def predict(self, *arguments):
            self.calls += 1
            return predictor.predict(*arguments)

    counting = Counting()
    stream = StepDecoder(counting).stream(["hello"])
    next(stream)
    before = counting.calls
    stream.close()
    assert counting.calls == before <= 4


def test_lengths_and_ngrams(predictor):
    settings = DecodingSettings(beam_size=3, n_best=3, min_length=3, max_length=4, suppress_unknown=True)
    for decoded in StepDecoder(predictor, settings).decode(TEXTS):
        for one in decoded.hypotheses:
            assert min(3, len(decoded.hypotheses)) <= len(one.ids) - 1 <= 4
            assert contract.UNKNOWN_ID not in one.ids
    settings = DecodingSettings(no_repeat_ngram=2)
    for decoded in StepDecoder(predictor, settings).decode(["b" * 60, "hello"]):
        ids = decoded.hypotheses[0].ids
        pairs = list(itertools.pairwise(ids))
        assert len(pairs) == len(set(pairs))


def test_prefixes(predictor):
    decoder = StepDecoder(predictor, DecodingSettings(beam_size=3, n_best=2))
    vocabulary = decoder.model.vocabulary()
    ids = tuple(vocabulary[letter] for letter in "xyß")
    first, second = decoder.decode([Request("hello", prefix=ids), "ab"])
    assert all(one.text.startswith("xyß") for one in first.hypotheses)
    assert [one.ids for one in second.hypotheses] == [one.ids for one in decoder.decode(["ab"])[0].hypotheses]
    plain = Plain(predictor, "hello")
    expected = [float(plain.after(ids[:place])[1][token]) for place, token in enumerate(ids)]
    np.testing.assert_allclose(first.hypotheses[0].token_log_probs[:3], expected, atol=1e-5)


@pytest.mark.parametrize("phrases", [("zzz",), ("q", "xy"), ("ab", "ba"), ("日ا🙂",)])
def test_phrases_that_a_text_must_hold(predictor, phrases):
    decoder = StepDecoder(predictor, DecodingSettings(beam_size=4, n_best=2))
    vocabulary = decoder.model.vocabulary()
    ids = tuple(tuple(vocabulary[letter] for letter in phrase) for phrase in phrases)
    held, free = decoder.decode([Request("hello", phrases=ids), Request("hello")])
    assert held.hypotheses
    for one in held.hypotheses:
        for phrase in phrases:
            assert phrase in one.text
        assert one.log_prob <= free.hypotheses[0].log_prob + 1e-4


def test_phrases_that_fill_the_whole_text_and_those_that_do_not_fit(predictor):
    decoder = StepDecoder(predictor, DecodingSettings(beam_size=2))
    number = decoder.model.vocabulary()["q"]
    [decoded] = decoder.decode([Request("ab", phrases=((number,) * 5,))])
    assert decoded.text == "qqqqq"
    with pytest.raises(ValueError, match="the phrases of text 0 have 6 tokens: 5 are the most"):
        decoder.decode([Request("ab", phrases=((number,) * 6,))])


@pytest.mark.parametrize(
    ("history", "missing", "begun"),
    [
        ((), ((7, 8), (9,)), 0),
        ((7,), ((7, 8), (9,)), 1),
        ((7, 7), ((7, 8), (9,)), 1),
        ((7, 9), ((7, 8),), 0),
        ((7, 8), ((9,),), 0),
        ((1, 7, 8, 2, 9), (), 0),
    ],
)
def test_progress_with_phrases(history, missing, begun):
    found = progress(history, ((7, 8), (9,)))
    assert (set(found.missing), found.begun) == (set(missing), begun)


def test_a_hook_forbids_and_rescores(predictor):
    seen = []

    def hook(step):
        seen.append((step.time, step.rows.tolist(), step.history.shape))
        changed = step.log_probs.copy()
        changed[:, 4:10] = -np.inf
        changed[:, 12] += 50
        return changed

    [decoded] = StepDecoder(predictor, DecodingSettings(max_length=3), hook=hook).decode(["hello"])
    assert decoded.hypotheses[0].ids == (12, 12, 12, contract.END_ID)
    assert seen == [(time, [0], (1, time)) for time in range(4)]
    [ended] = StepDecoder(predictor, hook=lambda step: np.full_like(step.log_probs, -np.inf)).decode(["hello"])
    assert ended.hypotheses[0].ids == (contract.END_ID,)


def test_samples_follow_the_models_distribution(predictor):
    plain = Plain(predictor, "ab")
    probabilities = np.exp(plain.after(())[1])
    settings = DecodingSettings(max_length=1)
    requests = [Request("ab", seed=seed) for seed in range(1500)]
    decoded = StepDecoder(predictor, settings, SamplingSettings(), most_texts=500).decode(requests)
    counts = np.bincount([one.hypotheses[0].ids[0] for one in decoded], minlength=len(probabilities))
    # Pearson's statistic has as many degrees of freedom as there are tokens, less one; 5 standard deviations above.
    usual = probabilities * len(requests) >= 1
    statistic = np.sum((counts - probabilities * len(requests))[usual] ** 2 / (probabilities * len(requests))[usual])
    freedom = int(usual.sum()) - 1
    assert statistic < freedom + 5 * math.sqrt(2 * freedom)


def test_samples_depend_on_their_seed_alone(predictor):
    decoder = StepDecoder(predictor, sampling=SamplingSettings(sample_size=3, temperature=2.0))
    requests = [Request("hello", seed=seed) for seed in (1, 2, 1, -1)]
    first, second, again, last = ([one.ids for one in decoded.hypotheses] for decoded in decoder.decode(requests))
    assert first == again
    assert len({str(first), str(second), str(last)}) == 3
    [alone] = decoder.decode([Request("hello", seed=2)])
    assert [one.ids for one in alone.hypotheses] == second


@pytest.mark.parametrize("settings", [SamplingSettings(4, top_k=1), SamplingSettings(4, top_p=1e-6)])
def test_drawing_from_the_most_probable_token_alone_is_greedy(predictor, settings):
    [greedy] = StepDecoder(predictor).decode(["hello"])
    [drawn] = StepDecoder(predictor, sampling=settings).decode(["hello"])
    assert {one.ids for one in drawn.hypotheses} == {greedy.hypotheses[0].ids}


def test_noise_is_standard_gumbel():
    noise = gumbel_noise(np.arange(2000, dtype=np.int64), 3, 2, 25)
    assert noise.shape == (2000, 2, 25)
    assert noise.mean() == pytest.approx(np.euler_gamma, abs=0.02)
    assert noise.var() == pytest.approx(math.pi**2 / 6, abs=0.03)


def test_the_highest_values_and_of_equal_ones_the_first():
    random = np.random.default_rng(0)
    for _ in range(200):
        size, count = random.integers(1, 300), random.integers(1, 8)
        values = random.integers(0, random.integers(2, 50), (3, size)).astype(np.float32)
        values[random.random((3, size)) < 0.2] = -np.inf
        count = min(int(count), int(size))
        expected = [sorted(range(size), key=lambda index, row=row: (-row[index], index))[:count] for row in values]
        assert top_k(values, count).tolist() == expected


@pytest.mark.parametrize(
    "make",
    [
        lambda: DecodingSettings(beam_size=2, n_best=3),
        lambda: DecodingSettings(max_length=0),
        lambda: DecodingSettings(length_penalty="long"),
        lambda: DecodingSettings(min_length=-1),
        lambda: SamplingSettings(temperature=0),
        lambda: SamplingSettings(top_p=1.5),
        lambda: SamplingSettings(top_k=0),
    ],
)
def test_settings_that_are_refused(make):
    with pytest.raises(ValueError):
        make()
