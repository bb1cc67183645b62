"""Real evaluations: what is kept of the examples, how sure figures and answers are, a blessing that is taken back."""

import dataclasses
import math

import pytest

from components.config.evaluation import EvaluationConfig
from components.metrics.calibration import read_calibration
from components.metrics.example_rows import read_examples
from tests.components.evaluation_run import evaluate
from tests.components.lookup_model import Row, save_model, write_examples, write_schema

pytestmark = pytest.mark.tfx

ROWS = [
    Row(f"source {index}", [f"right {index}"], "wrong", slices={"kind": "ab"[index % 2]}, unknown=index % 3)
    for index in range(60)
]
RIGHT = [dataclasses.replace(row, hypothesis=row.references[0]) for row in ROWS[:30]] + ROWS[30:]


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """An evaluation that asks for a sure improvement: of a model that has half of the rows right, and of one as bad."""
    folder = tmp_path_factory.mktemp("artifacts")
    config = EvaluationConfig(
        metrics=["exact_match", "loss_per_token"],
        slice_by=["kind"],
        length_buckets=[8],
        unknown_buckets=[0, 1],
        cross_by=[["kind", "source_length"], ["source_unknown", "source_length"]],
        calibration={"bins": 2, "precisions": [0.5, 0.6]},
        thresholds=[{"metric": "exact_match", "max_p_value": 0.05}],
    )
    data = {"examples": write_examples(ROWS, folder / "examples"), "schema": write_schema(["kind"], folder / "schema")}
    wrong, right = save_model(ROWS, folder / "wrong"), save_model(RIGHT, folder / "right")
    return {
        "better": evaluate(folder / "1", config, **data, model=right, baseline=wrong),
        "equal": evaluate(folder / "2", config, **data, model=wrong, baseline=wrong),
        "first": evaluate(folder / "3", config, **data, model=wrong),
    }


def test_a_sure_improvement_and_a_first_model_are_blessed_and_no_improvement_is_not(evaluated):
    for name in ("better", "first"):
        assert evaluated[name].verdict.failures == []
        assert evaluated[name].verdict.blessed
        assert evaluated[name].blessing.get_int_custom_property("blessed") == 1
    assert not evaluated["equal"].verdict.blessed
    assert evaluated["equal"].blessing.get_int_custom_property("blessed") == 0
    assert evaluated["equal"].verdict.failures == [
        "exact_match (overall) is no better than that of the latest blessed model: it must be"
    ]


def test_slices_and_their_crosses_have_figures_and_intervals(evaluated):
    verdict = evaluated["better"].verdict
    assert verdict.metrics["kind:a, source_length:9+"]["exact_match"] == 0.4
    # Sources 0 to 9 have 8 letters; of 0 to 29, which are right, every third has no unknown token.
    assert list(verdict.metrics)[5:8] == ["source_unknown:0", "source_unknown:1", "source_unknown:2+"]
    assert [verdict.metrics[f"source_unknown:{name}"]["exact_match"] for name in ("0", "1", "2+")] == [0.5] * 3
    assert verdict.metrics["source_length:9+, source_unknown:0"]["exact_match"] == 0.375
    for name in ("overall", "kind:a", "kind:b"):
        sure = verdict.sureness[name]["exact_match"]
        assert sure.low < verdict.metrics[name]["exact_match"] < sure.high
        assert (sure.baseline_low, sure.baseline_high, sure.better) == (0.0, 0.0, True)
        assert sure.p_value < 0.01
    assert evaluated["first"].verdict.sureness["overall"]["exact_match"].p_value is None


def test_examples_are_kept_with_what_both_models_made_of_them(evaluated):
    rows = {row["source"]: row for row in read_examples(str(evaluated["better"].evaluation)).to_pylist()}
    assert set(rows) == {row.source for row in ROWS}
    for index, row in enumerate(RIGHT):
        kept = rows[row.source]
        assert (kept["references"], kept["hypothesis"], kept["baseline_hypothesis"]) == (
            row.references,
            row.hypothesis,
            "wrong",
        )
        assert dict(kept["slices"]) == {
            "kind": "ab"[index % 2],
            "source_length": "1-8" if index < 10 else "9+",
            "source_unknown": ["0", "1", "2+"][index % 3],
        }
        assert kept["log_prob"] == row.log_prob
        assert kept["sums_loss_per_token"] == [-row.target_log_prob, row.target_length]
    assert "baseline_hypothesis" not in read_examples(str(evaluated["first"].evaluation)).column_names


def test_confidence_of_answers_is_held_against_what_is_right(evaluated):
    calibration = read_calibration(str(evaluated["better"].evaluation))
    [only] = calibration.bins
    assert (only.low, only.examples, only.exact_match) == (0.5, 60, 0.5)
    assert only.confidence == pytest.approx(math.exp(-0.5), abs=1e-6)
    assert [threshold.log_prob for threshold in calibration.thresholds] == [-0.5, None]
