"""Intervals and p-values equal sacrebleu's own."""

import math

import numpy as np
import pytest
import sacrebleu.metrics
from sacrebleu.significance import PairedTest

from components.metrics import bootstrap
from components.metrics.bootstrap import interval, p_value, resample
from tests.components.random_pairs import random_examples
from trainer.metrics.catalog import create_statistic
from trainer.metrics.statistic import DecodedExample

REFERENCES = [[example.references[0]] for example in random_examples(60, seed=1)]
BETTER, WORSE = (
    [
        DecodedExample(example.hypothesis, refs)
        for example, refs in zip(random_examples(60, seed), REFERENCES, strict=True)
    ]
    for seed in (1, 2)
)


def sums(statistic, examples):
    return np.array([statistic.of_example(example) for example in examples], np.float64)


@pytest.mark.parametrize(
    ("name", "theirs"), [("bleu", sacrebleu.metrics.BLEU(force=True)), ("chrf", sacrebleu.metrics.CHRF())]
)
def test_they_equal_sacrebleus(name, theirs, monkeypatch):
    monkeypatch.setenv("SACREBLEU_SEED", str(bootstrap.SEED))
    monkeypatch.setattr(bootstrap, "_DRAWN_AT_ONCE", 60 * 77)  # in several portions
    streams = [[refs[0] for refs in REFERENCES]]
    systems = [("old", [example.hypothesis for example in WORSE]), ("new", [example.hypothesis for example in BETTER])]
    _, results = PairedTest(systems, {"m": theirs}, streams, test_type="bs", n_samples=bootstrap.SAMPLES)()
    statistic = create_statistic(name, "word")
    ours, theirs_ = sums(statistic, BETTER), sums(statistic, WORSE)
    resampled = resample(np.concatenate([ours, theirs_], axis=1))
    scores = [[statistic.figure(row.tolist()) for row in part] for part in np.split(resampled, 2, axis=1)]
    old, new = next(figures for name, figures in results.items() if name != "System")
    for found, result in zip(map(interval, scores), (new, old), strict=True):
        assert (found[1] - found[0]) / 2 == pytest.approx(result.ci, rel=1e-4)
    difference = statistic.figure(ours.sum(0).tolist()) - statistic.figure(theirs_.sum(0).tolist())
    assert p_value(*map(np.array, scores), difference) == pytest.approx(new.p_value, abs=2e-3)


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution():
    losses = np.random.default_rng(1).normal(2.0, 0.5, size=(2000, 1))
    low, high = interval(resample(losses)[:, 0] / 2000)
    error = 1.96 * losses.std() / math.sqrt(2000)
    assert (low, high) == pytest.approx((losses.mean() - error, losses.mean() + error), abs=0.1 * error)


def test_a_difference_that_is_always_there_is_significant_and_chance_is_not():
    draw = np.random.default_rng(2)
    losses = draw.normal(2.0, 0.5, size=500)
    noise = draw.normal(size=500)
    noise -= noise.mean()
    for other, significant in ((losses + 0.1 + noise / 10, True), (losses + 0.01 + noise / 2, False)):
        scores = resample(np.stack([losses, other], axis=1)) / 500
        assert (p_value(scores[:, 0], scores[:, 1], losses.mean() - other.mean()) < 0.05) == significant


def test_without_a_score_nothing_is_sure():
    none = np.full(1000, float("nan"))
    assert math.isnan(interval(none)[0])
    assert p_value(none, none, float("nan")) == 1.0


def test_models_that_do_not_differ_do_not_differ_surely():
    scores = np.full(1000, 0.25)
    assert p_value(scores, scores, 0.0) == 1.0
