"""The parts of a report: scales, slices, examples, and what came of a run, against figures made by hand."""

import math

import pyarrow as pa
import pytest

from components.config.evaluation import EvaluationConfig
from components.metrics.confidence import Sureness
from components.metrics.example_rows import OF_MODEL, PREFIXES, schema_of, sums_column
from components.report.charts import line_chart, reliability_chart, ticks
from components.report.outcome import outcome_of, wanted
from components.report.samples import choose_samples
from components.report.slices import metric_tables


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (1, 12, [2, 4, 6, 8, 10, 12]),
        (0.013, 0.047, [0.02, 0.03, 0.04]),
        (-3.0, 3.0, [-3, -2, -1, 0, 1, 2, 3]),
        (95_000, 105_000, [96_000, 98_000, 100_000, 102_000, 104_000]),
    ],
)
def test_ticks_are_round(low, high, expected):
    assert ticks(low, high) == pytest.approx(expected, abs=1e-9)


def test_a_line_runs_from_edge_to_edge_and_up_is_more():
    chart = line_chart(
        "Loss", "epoch", "nats", {"train": [(1, 4.0), (2, 2.0), (3, 0.0)], "eval": [(2, math.nan)]}, (2, "kept")
    )
    [line] = chart.lines
    middle = (chart.left + chart.right) / 2, (chart.top + chart.bottom) / 2
    assert line.places == [(chart.left, chart.top), middle, (chart.right, chart.bottom)]
    assert chart.mark.place == middle[0]
    assert [tick.label for tick in chart.x_ticks] == ["1", "2", "3"]
    assert line_chart("", "", "", {"none": []}) is None


@pytest.mark.parametrize("value", [0.0, 5.0, -2e-9])
def test_a_single_value_has_a_place(value):
    chart = line_chart("", "", "", {"one": [(1, value)]})
    assert chart.lines[0].places == [((chart.left + chart.right) / 2, (chart.top + chart.bottom) / 2)]


def test_points_of_the_reliability_chart_grow_with_their_examples():
    chart = reliability_chart("", [(0.25, 1.0, 0.25, "few"), (1.0, 0.0, 1.0, "all")])
    few, all_of_them = chart.dots
    assert (few.x, few.y) == (chart.left + (chart.right - chart.left) / 4, chart.top)
    assert (all_of_them.x, all_of_them.y) == (chart.right, chart.bottom)
    assert all_of_them.radius - 3 == pytest.approx(2 * (few.radius - 3))


def test_slices_beside_the_blessed_model():
    def sure(p_value, better):
        return Sureness(low=0.4, high=0.6, baseline_low=0.0, baseline_high=0.2, p_value=p_value, better=better)

    figures = {"overall": 0.5, "kind:a": 0.4, "kind:b": 0.6, "kind:c": math.nan}
    metrics = {name: {"example_count": 9.0, "word_error_rate": figure} for name, figure in figures.items()}
    sureness = {"overall": sure(0.01, False), "kind:a": sure(0.01, True), "kind:b": sure(0.2, True)}
    [table] = metric_tables(
        metrics,
        {name: {"word_error_rate": 0.1} for name in figures},
        {name: {"word_error_rate": each} for name, each in sureness.items()},
        dict.fromkeys(figures, 40),
    )
    assert (table.metric, table.lower_is_better, table.has_baseline) == ("word_error_rate", True, True)
    assert [row.change for row in table.rows] == ["worse", "better", "even", ""]
    assert [row.name for row in table.worse] == ["overall"]
    overall, *_, nothing = table.rows
    assert overall.baseline_picture.low < overall.baseline_picture.figure < overall.picture.low < overall.picture.figure
    assert (nothing.picture, nothing.low) == (None, None)


def row(source, reference, hypothesis, before, log_prob, edits):
    of_model = dict.fromkeys(OF_MODEL, 0) | {"log_prob": log_prob}
    return {
        "source": source,
        "references": [reference, "or this"],
        "slices": [],
        **{f"{prefix}{name}": value for prefix in PREFIXES for name, value in of_model.items()},
        "hypothesis": hypothesis,
        "baseline_hypothesis": before,
        **{sums_column(prefix, "word_error_rate"): [float(edits), 2.0] for prefix in PREFIXES},
    }


def test_the_examples_that_are_shown():
    rows = [
        row("a", "x y", "x y", "x y", -0.1, 0),
        row("b", "x", "or this", "x", -0.1, 0),
        row("c", "x y", "z", "x y", -2.0, 1),
        row("d", "x y", "", "", -1.0, 2),
        row("e", "x y", "z z", "or this", -0.5, 2),
        row("f", "x y", "x y z", "w", -0.5, 1),
    ]
    samples = choose_samples(pa.Table.from_pylist(rows, schema=schema_of(["word_error_rate"], 2)))
    assert samples.metric == "word_error_rate"
    assert [each.source for each in samples.worst] == ["e", "d", "f", "c"]
    assert samples.worst[0].figure == 1.0
    assert samples.worst[0].confidence == pytest.approx(math.exp(-0.5))
    assert [each.source for each in samples.best] == ["b", "a"]
    assert ([each.source for each in samples.lost], samples.lost_count) == (["e", "c"], 2)


def test_without_a_metric_of_texts_an_example_is_right_or_wrong():
    rows = [row("a", "x", "x", "y", -0.1, 0), row("b", "x", "z", "y", -0.1, 0)]
    names = list(schema_of([], 1).names)
    table = pa.Table.from_pylist([{name: each[name] for name in names} for each in rows], schema=schema_of([], 1))
    samples = choose_samples(table)
    assert (samples.metric, samples.lost_count) == ("exact_match", 0)
    assert [(each.source, each.figure, each.baseline_hypothesis) for each in samples.worst] == [("b", 0.0, None)]
    empty = choose_samples(table.slice(0, 0))
    assert (empty.worst, empty.best) == ([], [])


def test_what_came_of_a_run():
    assert outcome_of(True, [], None, "12").headline == "Pushed as version 12"
    failed = outcome_of(False, ["bleu (overall) is 1"], None, None)
    assert (failed.state, failed.reasons) == ("failed a threshold", ["bleu (overall) is 1"])


def test_thresholds_in_words():
    thresholds = [
        {"metric": "bleu", "at_least": 20.0, "max_p_value": 0.05},
        {"metric": "ter", "at_most": 0.5, "max_regression": -0.1},
    ]
    config = EvaluationConfig(metrics=["bleu", "ter"], thresholds=thresholds)
    bleu, ter = wanted(config.thresholds, {"bleu": 21.0}, {})
    assert (bleu.words, bleu.figure, bleu.baseline) == (
        "at least 20, better than the blessed model with p of at most 0.05",
        21.0,
        None,
    )
    assert ter.words == "at most 0.5, 0.1 better than the blessed model"
