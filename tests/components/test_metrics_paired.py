"""Examples of two evaluations side by side."""

import random

import pyarrow as pa
import pytest

from components.metrics.confidence import Slicing, measure_confidence
from components.metrics.example_rows import schema_of
from components.metrics.paired import paired_confidence
from trainer.metrics.catalog import create_statistic

METRICS = ["exact_match", "token_error_rate"]
STATISTICS = {name: create_statistic(name, "char") for name in METRICS}
SLICINGS = [Slicing((), {}), Slicing(("kind",), {})]


def _rows(seed, models):
    """Examples with sums by chance; sources repeat, so that only the order among equals is open."""
    draw = random.Random(seed)
    rows = []
    for index in range(120):
        row = {
            "source": f"source {index // 2}",
            "references": [f"right {index}"],
            "slices": [("kind", "loud" if index % 3 else "plain")],
        }
        for prefix in ("", "baseline_")[:models]:
            row |= {
                f"{prefix}hypothesis": "answer",
                f"{prefix}target_log_prob": -1.0,
                f"{prefix}target_length": 2,
                f"{prefix}sums_exact_match": [float(draw.random() < 0.6), 1.0],
                f"{prefix}sums_token_error_rate": [float(draw.randint(0, 4)), 8.0],
            }
        rows.append(row)
    return rows


def _table(rows, models=1):
    return pa.Table.from_pylist(rows, schema=schema_of(METRICS, models))


def test_it_is_what_one_evaluation_of_both_models_gives():
    both = _rows(1, models=2)
    both.sort(key=lambda row: (row["source"], row["references"]))
    ours = [{name: value for name, value in row.items() if not name.startswith("baseline_")} for row in both]
    theirs = [
        {name: row.get(f"baseline_{name}", row[name]) for name in row if not name.startswith("baseline_")}
        for row in both
    ]
    random.Random(2).shuffle(ours)
    random.Random(3).shuffle(theirs)
    found = paired_confidence(_table(ours), _table(theirs), STATISTICS, SLICINGS)
    assert found.metrics == measure_confidence(_table(both, 2), STATISTICS, SLICINGS, {}).metrics
    assert 0 < found.metrics["overall"]["exact_match"].p_value < 1
    assert {"kind:loud", "kind:plain"} < found.metrics.keys()


@pytest.mark.parametrize("change", ["source", "references", "fewer"])
def test_other_examples_are_not_paired(change):
    ours, theirs = _rows(1, 1), _rows(2, 1)
    if change == "fewer":
        theirs = theirs[:-1]
    else:
        theirs[0][change] = "other" if change == "source" else ["other"]
    assert paired_confidence(_table(ours), _table(theirs), STATISTICS, SLICINGS) is None


def test_models_that_either_was_compared_with_are_left_out():
    ours, theirs = _rows(1, 2), _rows(2, 2)
    found = paired_confidence(_table(ours, 2), _table(theirs, 2), STATISTICS, SLICINGS)
    alone = paired_confidence(
        _table(ours, 2).select(schema_of(METRICS, 1).names), _table(theirs, 2), STATISTICS, SLICINGS
    )
    assert found.metrics == alone.metrics
