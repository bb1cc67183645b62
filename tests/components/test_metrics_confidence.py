"""What is computed of kept examples: intervals by slice, improvements that are sure, and the worst examples."""

import dataclasses
import math
import random
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.metrics.confidence import (
    MIN_EXAMPLES,
    Slicing,
    measure_confidence,
    read_confidence,
    rows_by_slice,
    write_confidence,
)
from components.metrics.example_rows import FOLDER, OF_MODEL, PREFIXES, in_order, read_examples, schema_of, sums_column
from components.metrics.worst import worst_examples, worst_table
from tests.components.random_pairs import random_examples
from trainer.metrics.catalog import create_statistic

METRICS = ["exact_match", "bleu", "word_error_rate"]
STATISTICS = {name: create_statistic(name, "word") for name in METRICS}
EXAMPLES = random_examples(120, seed=1)
BETTER = [dataclasses.replace(e, hypothesis=e.references[0]) for e in EXAMPLES[:60]] + EXAMPLES[60:]


def slices_of(index):
    return {"kind": "ab"[index % 2], "source_length": "1-3" if index < 20 else "4+"}


def table(*models):
    """Rows of models that decode the same sources."""
    rows = []
    for index, examples in enumerate(zip(*models, strict=True)):
        row = {
            "source": f"source {index}",
            "references": list(examples[0].references),
            "slices": list(slices_of(index).items()),
        }
        for prefix, example in zip(PREFIXES, examples, strict=False):
            row |= {f"{prefix}{name}": getattr(example, name) for name in OF_MODEL}
            for name, statistic in STATISTICS.items():
                row[sums_column(prefix, name)] = [float(each) for each in statistic.of_example(example)]
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=schema_of(METRICS, len(models)))


OVERALL, BY_KIND = Slicing((), {}), Slicing(("kind",), {})
CROSS = Slicing(("kind", "source_length"), {"source_length": "4+"})


def figure(name, examples):
    sums = [sum(each) for each in zip(*map(STATISTICS[name].of_example, examples), strict=True)]
    return STATISTICS[name].figure(sums)


def test_every_slice_with_enough_examples_has_an_interval_around_its_figure():
    short = Slicing(("source_length",), {"source_length": "1-3"})
    found = measure_confidence(table(EXAMPLES), STATISTICS, [OVERALL, BY_KIND, CROSS, short], {}).metrics
    assert MIN_EXAMPLES > 20
    assert set(found) == {"overall", "kind:a", "kind:b", "kind:a, source_length:4+", "kind:b, source_length:4+"}
    for name, metrics in found.items():
        rows = [
            example
            for index, example in enumerate(EXAMPLES)
            if name == "overall" or all(f"{k}:{v}" in name for k, v in slices_of(index).items() if k in name)
        ]
        for metric, sure in metrics.items():
            assert sure.low < figure(metric, rows) < sure.high
            assert (sure.p_value, sure.baseline_low) == (None, None)
    wide, narrow = found["kind:a"]["exact_match"], found["overall"]["exact_match"]
    assert wide.high - wide.low > narrow.high - narrow.low


def test_it_does_not_matter_in_which_order_workers_have_kept_the_examples():
    rows = table(BETTER, EXAMPLES)
    shuffled = rows.take(random.Random(4).sample(range(len(EXAMPLES)), len(EXAMPLES)))
    found, other = (measure_confidence(each, STATISTICS, [OVERALL, BY_KIND], {}) for each in (rows, shuffled))
    assert found == other


def keyed_rows(count):
    """Rows of which many are alike, in two parts as two workers write them, and the same as Python objects."""
    draw = random.Random(3)
    rows = [
        {
            "source": "".join(draw.choices("ab\u0001é日😀 ", k=draw.randint(0, 2))),
            "references": ["".join(draw.choices("ab", k=draw.randint(0, 2))) for _ in range(draw.randint(1, 3))],
            "slices": [(key, draw.choice(["x", "日"])) for key in ("kind", "size") if draw.random() < 0.7],
        }
        for _ in range(600)
    ]
    table = pa.Table.from_pylist(rows, schema=schema_of([], 0))
    return pa.concat_tables([table.slice(0, count), table.slice(count)]), rows


def test_rows_are_ordered_as_python_orders_them():
    table, rows = keyed_rows(200)
    expected = sorted(range(len(rows)), key=lambda row: tuple(rows[row].values()))
    assert in_order(table).tolist() == expected


@pytest.mark.parametrize(
    "slicing", [OVERALL, BY_KIND, Slicing(("size", "kind"), {"size": "日"}), Slicing(("none",), {})], ids=str
)
def test_rows_are_in_the_slices_of_their_values(slicing):
    table, rows = keyed_rows(200)
    expected = {}
    for place, values in enumerate(dict(row["slices"]) for row in rows):
        if slicing.values.items() <= values.items() and values.keys() >= set(slicing.columns):
            name = ", ".join(f"{column}:{values[column]}" for column in sorted(slicing.columns)) or "overall"
            expected.setdefault(name, []).append(place)
    assert {name: found.tolist() for name, found in rows_by_slice(table, [slicing]).items()} == expected


@pytest.mark.parametrize("metric", METRICS)
def test_an_improvement_must_be_one_and_must_be_sure(metric):
    def failures(ours, theirs, most=0.05):
        return measure_confidence(table(ours, theirs), STATISTICS, [OVERALL], {metric: most}).failures

    slightly = [dataclasses.replace(e, hypothesis=e.references[0]) for e in EXAMPLES[:1]] + EXAMPLES[1:]
    assert failures(BETTER, EXAMPLES) == []
    for worse, than in ((EXAMPLES, BETTER), (EXAMPLES, EXAMPLES)):
        assert failures(worse, than) == [
            f"{metric} (overall) is no better than that of the latest blessed model: it must be"
        ]
    [unsure] = failures(slightly, EXAMPLES)
    assert "is better than that of the latest blessed model with p = 0." in unsure
    assert failures(slightly, EXAMPLES, most=0.99) == []
    assert measure_confidence(table(EXAMPLES), STATISTICS, [OVERALL], {metric: 0.05}).failures == []


def test_it_is_written_and_read_with_what_is_no_number(tmp_path):
    confidence = measure_confidence(table(BETTER, EXAMPLES), STATISTICS, [OVERALL], {})
    confidence.metrics["overall"]["bleu"].low = math.nan
    write_confidence(confidence, str(tmp_path))
    assert read_confidence(str(tmp_path)).model_dump_json() == confidence.model_dump_json()
    assert read_confidence(str(tmp_path / "none")).metrics == {}


def test_without_examples_nothing_is_sure():
    assert measure_confidence(table([]), STATISTICS, [OVERALL], {"bleu": 0.05}).metrics == {}


def test_rows_are_read_from_all_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="has no examples"):
        read_examples(str(tmp_path))
    (tmp_path / FOLDER).mkdir()
    rows = table(EXAMPLES)
    pq.write_table(rows.slice(0, 50), tmp_path / FOLDER / "part-0.parquet")
    pq.write_table(rows.slice(50), tmp_path / FOLDER / "part-1.parquet")
    assert read_examples(str(tmp_path)).equals(rows)


def test_reading_leaves_no_thread_that_aborts_the_process_when_python_ends(tmp_path):
    (tmp_path / FOLDER).mkdir()
    pq.write_table(table(EXAMPLES, BETTER), tmp_path / FOLDER / "part-0.parquet")
    script = """
import os, sys
from components.metrics.example_rows import read_examples

before = os.listdir("/proc/self/task")
assert read_examples(sys.argv[1]).num_rows
assert os.listdir("/proc/self/task") == before, "there are new threads"
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", script, tmp_path], check=True)


@pytest.mark.parametrize("metric", METRICS)
def test_the_worst_come_first(metric):
    found = worst_examples(table(EXAMPLES, BETTER), metric, {}, limit=200)
    assert len(found) == len(EXAMPLES)
    figures = [each.figure for each in found]
    assert figures == sorted(figures, reverse=metric == "word_error_rate")
    for each in found[:9]:
        index = int(each.source.split()[1])
        assert each.hypothesis == EXAMPLES[index].hypothesis
        assert each.references == list(EXAMPLES[index].references)
        assert each.figure == pytest.approx(figure(metric, [EXAMPLES[index]]))
        assert each.baseline_hypothesis == BETTER[index].hypothesis
        assert each.baseline_figure == pytest.approx(figure(metric, [BETTER[index]]))
    assert worst_table(found[:3], metric, "Worst").columns[-1] == "its figure"


def test_the_worst_are_of_the_slice_that_is_asked_for():
    found = worst_examples(table(EXAMPLES), "bleu", {"kind": "b", "source_length": "1-3"}, limit=200)
    assert sorted(int(each.source.split()[1]) for each in found) == list(range(1, 20, 2))
    assert len(worst_examples(table(EXAMPLES), "bleu", {}, limit=3)) == 3
    assert worst_table(found, "bleu", "Worst").columns == ["bleu", "source", "references", "hypothesis"]


@pytest.mark.parametrize(
    ("metric", "slices", "told"),
    [
        ("chrf", {}, "'chrf' was not measured: there are bleu, word_error_rate, exact_match"),
        ("bleu", {"kind": "c"}, "slice kind=c: values of 'kind' are a, b"),
        ("bleu", {"other": "c"}, "values of 'other' are none: nothing is sliced by it"),
    ],
)
def test_what_is_not_there_is_told(metric, slices, told):
    with pytest.raises(ValueError, match=told):
        worst_examples(table(EXAMPLES), metric, slices, limit=3)
