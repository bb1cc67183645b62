"""Real evaluations of a model that answers what it is told to: figures, slices, thresholds, blessing."""

import dataclasses
import json
import math

import jiwer
import pytest
import sacrebleu
from tfx.types import channel_utils, standard_artifacts

from benchmarks.damaged_span import shuffled_targets
from components.config.evaluation import EvaluationConfig
from components.evaluator import create_evaluator
from tests.components.evaluation_run import evaluate
from tests.components.lookup_model import Row, save_model, write_examples, write_schema
from tests.components.random_pairs import random_examples
from trainer.metrics.names import METRIC_NAMES
from transform.config import TextConfig

pytestmark = pytest.mark.tfx

# A slice key may have the name of the signature's input.
SLICE_KEYS = ["kind", "examples"]

SACREBLEU = {"bleu": sacrebleu.BLEU, "chrf": sacrebleu.CHRF, "ter": sacrebleu.TER}
BESIDE_BASELINE = "{metric} (overall) is {candidate:.6g}, and that of the latest blessed model {baseline:.6g}: it must"


def random_rows(count, seed):
    """Rows with sources of 1 to 60 code points; a third is of no kind, and a seventh has an empty one."""
    rows = []
    for index, example in enumerate(random_examples(count, seed)):
        source = f"{index}" + "né" * (index % 30)
        slices = {"examples": "ab"[index % 2]}
        if index % 3:
            slices["kind"] = "" if index % 7 == 0 else ["loud", "громко"][index % 2]
        rows.append(
            Row(
                source,
                list(example.references),
                example.hypothesis,
                example.target_log_prob,
                example.target_length,
                slices,
            )
        )
    return rows


@pytest.fixture(scope="module")
def rows():
    return random_rows(260, seed=3)


@pytest.fixture(scope="module")
def artifacts(rows, tmp_path_factory):
    """The evaluation split with its schema, and three models: one that answers the rows, a better, and a worse one."""
    folder = tmp_path_factory.mktemp("artifacts")
    better = [dataclasses.replace(row, hypothesis=row.references[0]) for row in rows[:50]] + rows[50:]
    worse = [dataclasses.replace(row, hypothesis="") for row in rows[:50]] + rows[50:]
    return {
        "examples": write_examples(rows, folder / "examples"),
        "schema": write_schema(SLICE_KEYS, folder / "schema"),
        "model": save_model(rows, folder / "model"),
        "better": save_model(better, folder / "better"),
        "worse": save_model(worse, folder / "worse"),
    }


@pytest.fixture(scope="module")
def first(artifacts, tmp_path_factory):
    """The evaluation of a first run, which has no baseline."""
    config = EvaluationConfig(
        metrics=list(METRIC_NAMES),
        slice_by=SLICE_KEYS,
        length_buckets=[3, 20, 40, 1000],
        thresholds=[{"metric": "bleu", "max_regression": 0.0}, {"metric": "exact_match", "max_regression": -0.5}],
    )
    inputs = {name: artifacts[name] for name in ("examples", "schema", "model")}
    return evaluate(tmp_path_factory.mktemp("first"), config, **inputs)


def streams(rows):
    """Hypotheses, and reference streams as sacrebleu takes them."""
    width = max(len(row.references) for row in rows)
    references = [[dict(enumerate(row.references)).get(index) for row in rows] for index in range(width)]
    return [row.hypothesis for row in rows], references


def of_slice(name, rows):
    """The rows that belong to a slice."""
    key, _, value = name.partition(":")
    if name == "overall":
        return rows
    if key == "source_length":
        low, _, high = value.rstrip("+").partition("-")
        return [row for row in rows if int(low) <= len(row.source) <= int(high or 10**9)]
    return [row for row in rows if row.slices.get(key) == value]


@pytest.mark.parametrize(
    ("name", "oracle"), [("bleu", sacrebleu.BLEU), ("chrf", sacrebleu.CHRF), ("ter", sacrebleu.TER)]
)
def test_figures_of_every_slice_equal_sacrebleu(first, rows, name, oracle):
    for slice_name, figures in first.verdict.metrics.items():
        expected = SACREBLEU[name]().corpus_score(*streams(of_slice(slice_name, rows))).score
        assert figures[name] == pytest.approx(expected, abs=1e-6), slice_name


def test_word_error_rate_of_every_slice_takes_the_nearest_reference(first, rows):
    def nearest(row):
        outputs = [jiwer.process_words(reference, row.hypothesis) for reference in row.references]
        edits = [output.substitutions + output.insertions + output.deletions for output in outputs]
        lengths = [len(reference.split()) for reference in row.references]
        return min(zip(edits, lengths, strict=True), key=lambda pair: (pair[0], -pair[1]))

    for slice_name, figures in first.verdict.metrics.items():
        edits, lengths = zip(*map(nearest, of_slice(slice_name, rows)), strict=True)
        assert figures["word_error_rate"] == pytest.approx(sum(edits) / sum(lengths), abs=1e-6), slice_name


def test_averages_of_every_slice(first, rows):
    for slice_name, figures in first.verdict.metrics.items():
        members = of_slice(slice_name, rows)
        assert figures["example_count"] == len(members)
        assert figures["exact_match"] == pytest.approx(
            sum(row.hypothesis in row.references for row in members) / len(members), abs=1e-6
        )
        loss = sum(-row.target_log_prob for row in members) / sum(row.target_length for row in members)
        assert figures["loss_per_token"] == pytest.approx(loss, abs=1e-6)


def test_slices_are_those_of_the_configuration_in_its_order(first):
    # No source is longer than 1000; rows of no kind, or of an empty one, are in no slice of a kind.
    assert list(first.verdict.metrics) == [
        "overall",
        "kind:loud",
        "kind:громко",
        "examples:a",
        "examples:b",
        "source_length:1-3",
        "source_length:4-20",
        "source_length:21-40",
        "source_length:41-1000",
    ]


def test_a_threshold_of_each_slice_names_the_slice_that_fails_it(tmp_path):
    # A model knows all targets, but those of one slice are shuffled, as when a span is damaged.
    words = [("B" * index + kind, f"{index} {kind}", kind) for index in range(8) for kind in "st"]
    _, damaged = shuffled_targets([], words)
    inputs = {
        "examples": write_examples(
            [Row(word, [target], "", slices={"kind": kind}) for word, target, kind in damaged], tmp_path / "examples"
        ),
        "schema": write_schema(["kind"], tmp_path / "schema"),
        "model": save_model([Row(word, [], target) for word, target, _ in words], tmp_path / "model"),
    }
    right = sum(one == other for one, other in zip(damaged, words, strict=True) if one[2] == "s") / 8
    config = EvaluationConfig(
        metrics=["exact_match"],
        slice_by=["kind"],
        length_buckets=[3],
        thresholds=[
            {"metric": "exact_match", "at_least": 0.5},
            {"metric": "exact_match", "at_least": 0.4, "each": "kind"},
            {"metric": "exact_match", "at_least": 0.1, "each": "source_length"},
        ],
    )
    verdict = evaluate(tmp_path / "evaluated", config, **inputs).verdict
    assert not verdict.blessed
    assert verdict.failures == [f"exact_match (kind:s) is {right:g}: it must be at least 0.4"]


def test_a_first_run_has_nothing_to_be_worse_than_and_is_blessed(first):
    assert first.verdict.blessed
    assert first.verdict.failures == []
    assert first.verdict.baseline_metrics == {}
    assert first.blessing.get_int_custom_property("blessed") == 1


@pytest.mark.parametrize(
    ("candidate", "baseline", "thresholds", "failures"),
    [
        (
            "model",
            "better",
            [{"metric": "exact_match", "at_least": 0.999}, {"metric": "exact_match", "max_regression": 0.01}],
            [
                "exact_match (overall) is {candidate:.6g}: it must be at least 0.999",
                BESIDE_BASELINE + " be no more than 0.01 worse",
            ],
        ),
        (
            "model",
            "worse",
            [{"metric": "word_error_rate", "max_regression": -5.0, "at_most": 0.01}],
            [
                "word_error_rate (overall) is {candidate:.6g}: it must be at most 0.01",
                BESIDE_BASELINE + " be 5 better",
            ],
        ),
        (
            "better",
            "model",
            [{"metric": "word_error_rate", "max_regression": -0.01}, {"metric": "bleu", "max_regression": 0.0}],
            [],
        ),
        ("model", "model", [{"metric": "ter", "max_regression": 0.0}, {"metric": "bleu", "max_regression": 0.0}], []),
    ],
    ids=["a worse one", "a better one that is not better by enough", "a better one", "an equal one"],
)
def test_a_model_is_measured_against_the_baseline(artifacts, tmp_path, candidate, baseline, thresholds, failures):
    config = EvaluationConfig(
        metrics=["exact_match", "bleu", "word_error_rate", "ter"], length_buckets=[], thresholds=thresholds
    )
    inputs = {"examples": artifacts["examples"], "schema": artifacts["schema"]}
    evaluated = evaluate(tmp_path, config, model=artifacts[candidate], baseline=artifacts[baseline], **inputs)
    verdict = evaluated.verdict
    metric = thresholds[0]["metric"]
    figures = {
        "metric": metric,
        "candidate": verdict.metrics["overall"][metric],
        "baseline": verdict.baseline_metrics["overall"][metric],
    }
    assert verdict.failures == [failure.format(**figures) for failure in failures]
    assert verdict.blessed == (not failures)
    assert evaluated.blessing.get_int_custom_property("blessed") == int(not failures)
    assert list(verdict.metrics) == list(verdict.baseline_metrics) == ["overall"]


def test_a_figure_that_is_not_a_number_passes_nothing(tmp_path):
    rows = [Row("a", ["x"], "x", target_log_prob=math.nan), Row("b", ["y"], "y")]
    inputs = {
        "examples": write_examples(rows, tmp_path / "examples"),
        "schema": write_schema([], tmp_path / "schema"),
        "model": save_model(rows, tmp_path / "model"),
    }
    config = EvaluationConfig(
        metrics=["loss_per_token", "exact_match"],
        thresholds=[{"metric": "loss_per_token", "at_most": 9.0}, {"metric": "loss_per_token", "max_regression": 9.0}],
    )
    verdict = evaluate(tmp_path / "evaluated", config, baseline=inputs["model"], **inputs).verdict
    assert not verdict.blessed
    assert verdict.failures == ["loss_per_token (overall) is not a number (nan)"]
    assert verdict.metrics["overall"]["exact_match"] == 1.0


def test_an_example_without_references_is_an_error(tmp_path):
    rows = [Row("a", ["x"], "x"), Row("b", [], "y")]
    config = EvaluationConfig(thresholds=[{"metric": "exact_match", "at_least": 0.0}])
    with pytest.raises(Exception, match="an example of the evaluation split has no references"):
        evaluate(
            tmp_path / "evaluated",
            config,
            examples=write_examples(rows, tmp_path / "examples"),
            schema=write_schema([], tmp_path / "schema"),
            model=save_model(rows, tmp_path / "model"),
        )


def test_every_setting_and_the_code_are_part_of_the_cache_key():
    channels = {
        "examples": standard_artifacts.Examples,
        "schema": standard_artifacts.Schema,
        "model": standard_artifacts.Model,
        "baseline_model": standard_artifacts.Model,
    }
    channels = {name: channel_utils.as_channel([kind()]) for name, kind in channels.items()}
    thresholds = [{"metric": "exact_match", "at_least": 0.5}]

    def key(target=None, code_version="1", **settings):
        config = EvaluationConfig(**{"thresholds": thresholds, **settings})
        target = target or TextConfig()
        evaluator = create_evaluator(config, target=target, code_version=code_version, **channels)
        return json.dumps(dict(evaluator.exec_properties), sort_keys=True)

    keys = [
        key(),
        key(code_version="2"),
        key(target=TextConfig(unit="word")),
        key(split="test"),
        key(metrics=["exact_match"]),
        key(slice_by=["kind"]),
        key(length_buckets=[10]),
        key(thresholds=[{"metric": "exact_match", "at_least": 0.6}]),
        key(thresholds=[{"metric": "exact_match", "at_least": 0.5, "max_regression": 0.0}]),
    ]
    assert len(set(keys)) == len(keys)
    assert key() == keys[0]
    assert f"version:{sacrebleu.__version__}" in keys[0]
