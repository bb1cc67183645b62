"""Calibration against figures made by hand, and by an independent search for thresholds."""

import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.metrics.calibration import (
    Calibration,
    measure_calibration,
    read_calibration,
    write_calibration,
)
from components.metrics.calibration_config import CalibrationConfig


def table(answers):
    """Rows of answers: pairs of confidence, and whether it is right."""
    return pa.table(
        {
            "log_prob": pa.array([math.log(confidence) for confidence, _ in answers], pa.float64()),
            "hypothesis": pa.array(["ja" if right else "nein" for _, right in answers], pa.string()),
            "references": pa.array([["oui", "ja"] for _ in answers], pa.list_(pa.string())),
        }
    )


def test_figures_made_by_hand():
    answers = [(0.95, True), (0.85, True), (0.85, False), (0.65, True), (0.25, False), (0.15, False)]
    found = measure_calibration(table(answers), CalibrationConfig(bins=2, precisions=[0.6, 0.75, 1.0]))
    assert (found.examples, found.exact_match) == (6, 0.5)
    assert found.confidence == pytest.approx(3.7 / 6, abs=1e-6)
    low, high = found.bins
    assert (low.low, low.high, low.examples, low.confidence, low.exact_match) == (0.0, 0.5, 2, 0.2, 0.0)
    assert (high.low, high.high, high.examples, high.confidence, high.exact_match) == (0.5, 1.0, 4, 0.825, 0.75)
    # (2 * |0.2 - 0| + 4 * |0.825 - 0.75|) / 6
    assert found.expected_calibration_error == pytest.approx(0.7 / 6, abs=1e-6)
    # 3 of 5 down to 0.25; 3 of 4 down to 0.65; 1 of 1 at 0.95, since the two of 0.85 pass together.
    shown = [(each.precision, each.confidence, each.coverage, each.reached) for each in found.thresholds]
    assert shown == [
        (0.6, pytest.approx(0.25, abs=2e-6), pytest.approx(5 / 6, abs=1e-6), 0.6),
        (0.75, pytest.approx(0.65, abs=2e-6), pytest.approx(4 / 6, abs=1e-6), 0.75),
        (1.0, pytest.approx(0.95, abs=2e-6), pytest.approx(1 / 6, abs=1e-6), 1.0),
    ]
    for threshold, confidence in zip(found.thresholds, [0.25, 0.65, 0.95], strict=True):
        assert threshold.log_prob <= math.log(confidence)


def test_a_precision_that_no_threshold_reaches():
    found = measure_calibration(table([(0.9, False), (0.8, True)]), CalibrationConfig(precisions=[0.5, 0.6]))
    assert found.thresholds[0].coverage == 1.0
    assert (found.thresholds[1].log_prob, found.thresholds[1].coverage, found.thresholds[1].reached) == (
        None,
        0.0,
        None,
    )


def test_certainty_is_in_the_last_bin_and_nothing_in_none(tmp_path):
    found = measure_calibration(table([(1.0, True)]), CalibrationConfig())
    assert [(each.low, each.high) for each in found.bins] == [(0.9, 1.0)]
    empty = measure_calibration(table([]), CalibrationConfig(precisions=[0.9]))
    assert (empty.examples, empty.exact_match, empty.bins, empty.thresholds[0].log_prob) == (0, None, [], None)
    write_calibration(found, str(tmp_path))
    assert read_calibration(str(tmp_path)) == found
    assert read_calibration(str(tmp_path / "nowhere")) is None


ANSWERS = st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.35, 0.5, 0.8, 0.99]), st.booleans()), min_size=1, max_size=40)


@given(answers=ANSWERS, precision=st.sampled_from([0.5, 0.75, 0.9, 1.0]))
def test_no_lower_threshold_is_right_so_often(answers, precision):
    found: Calibration = measure_calibration(table(answers), CalibrationConfig(precisions=[precision]))
    passing = {confidence: [right for other, right in answers if other >= confidence] for confidence, _ in answers}
    reaching = [c for c, rights in passing.items() if sum(rights) >= precision * len(rights)]
    [threshold] = found.thresholds
    if not reaching:
        assert threshold.log_prob is None
        return
    assert threshold.confidence == pytest.approx(min(reaching), abs=2e-6)
    accepted = [right for confidence, right in answers if math.log(confidence) >= threshold.log_prob]
    assert sorted(accepted) == sorted(passing[min(reaching)])
    assert threshold.coverage == pytest.approx(len(accepted) / len(answers), abs=1e-6)


@pytest.mark.parametrize(("precisions", "said"), [([0.0], "no share"), ([1.2], "no share"), ([0.9, 0.5], "must rise")])
def test_precisions_that_cannot_be_used(precisions, said):
    with pytest.raises(ValueError, match=said):
        CalibrationConfig(precisions=precisions)
