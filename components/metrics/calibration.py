"""Calibration: how often answers of a given confidence are right, and from which confidence on they are right enough.

The confidence of an answer is the probability that the model gives to all of it, the end token included: exp(log_prob),
with the `log_probs` of the answer. An answer is right where it equals a reference.

References:
  Guo et al. 2017, "On Calibration of Modern Neural Networks".
"""

import json
import math
import os

import numpy as np
import pyarrow as pa
import pydantic
from apache_beam.io.filesystems import FileSystems

from components.metrics.calibration_config import CalibrationConfig
from components.metrics.example_rows import REFERENCES_COLUMN

CALIBRATION_FILE = "calibration.json"
CALIBRATION_COLUMNS = ("hypothesis", REFERENCES_COLUMN, "log_prob")

_DIGITS = 6

# Answers that are compared at once.
_COMPARED = 10_000


class Bin(pydantic.BaseModel):
    """Answers of similar confidence.

    Attributes:
      low, high: the confidence is at least `low` and below `high`; of the last bin, at most `high`.
      examples: how many there are.
      confidence: their mean confidence.
      exact_match: share that is right.
    """

    low: float
    high: float
    examples: int
    confidence: float
    exact_match: float


class Threshold(pydantic.BaseModel):
    """From which log-probability on answers are right often enough.

    Attributes:
      precision: the share of right answers that is wanted.
      log_prob: answers with at least this log-probability are right so often; None: no threshold reaches it.
      confidence: the same as a probability.
      coverage: share of all answers that pass.
      reached: share of right ones among them; None where none passes.
    """

    precision: float
    log_prob: float | None = None
    confidence: float | None = None
    coverage: float = 0.0
    reached: float | None = None


class Calibration(pydantic.BaseModel):
    """Of one model on one split.

    Attributes:
      examples: how many were answered.
      confidence: mean confidence; None without examples.
      exact_match: share of right answers; None without examples.
      expected_calibration_error: mean over all examples of the distance between confidence and exact match of the
        example's bin; None without examples.
      bins: those that have examples, from low to high confidence.
      thresholds: one for each precision that is wanted.
    """

    examples: int = 0
    confidence: float | None = None
    exact_match: float | None = None
    expected_calibration_error: float | None = None
    bins: list[Bin] = []
    thresholds: list[Threshold] = []


def measure_calibration(examples: pa.Table, config: CalibrationConfig) -> Calibration:
    """Holds confidence against exact match.

    Args:
      examples: rows as `read_examples` gives them, with CALIBRATION_COLUMNS at the least.
      config: how.
    """
    if not examples.num_rows:
        return Calibration(thresholds=[Threshold(precision=precision) for precision in config.precisions])
    log_probs = examples.column("log_prob").to_numpy()
    right = np.concatenate([_right(batch) for batch in examples.to_batches(max_chunksize=_COMPARED)])
    # Sorted, so that sums do not depend on the order of the rows.
    order = np.lexsort((right, -log_probs))
    log_probs, right = log_probs[order], right[order]
    confidences = np.exp(log_probs)
    bins = _bins(confidences, right, config.bins)
    error = sum(each.examples * abs(each.confidence - each.exact_match) for each in bins) / len(right)
    return Calibration(
        examples=len(right),
        confidence=_rounded(confidences.mean()),
        exact_match=_rounded(right.mean()),
        expected_calibration_error=_rounded(error),
        bins=bins,
        thresholds=[_threshold(log_probs, right, precision) for precision in config.precisions],
    )


def write_calibration(calibration: Calibration, folder: str) -> None:
    """Writes it as JSON into a folder."""
    with FileSystems.create(os.path.join(folder, CALIBRATION_FILE)) as stream:
        stream.write(json.dumps(calibration.model_dump(), indent=1).encode())


def read_calibration(folder: str) -> Calibration | None:
    """Reads what `write_calibration` wrote; None where there is no such file."""
    path = os.path.join(folder, CALIBRATION_FILE)
    if not FileSystems.exists(path):
        return None
    with FileSystems.open(path) as stream:
        return Calibration.model_validate_json(stream.read())


def _right(examples: pa.RecordBatch) -> np.ndarray:
    """Whether the answers equal a reference, bool [examples]."""
    columns = (examples.column(name).to_pylist() for name in ("hypothesis", REFERENCES_COLUMN))
    return np.array([hypothesis in references for hypothesis, references in zip(*columns, strict=True)])


def _bins(confidences: np.ndarray, right: np.ndarray, count: int) -> list[Bin]:
    places = np.minimum((confidences * count).astype(int), count - 1)
    return [
        Bin(
            low=_rounded(place / count),
            high=_rounded((place + 1) / count),
            examples=int(np.sum(places == place)),
            confidence=_rounded(confidences[places == place].mean()),
            exact_match=_rounded(right[places == place].mean()),
        )
        for place in np.unique(places)
    ]


def _threshold(log_probs: np.ndarray, right: np.ndarray, precision: float) -> Threshold:
    """The lowest threshold that reaches a precision: it lets most answers pass.

    Args:
      log_probs: from high to low.
      right: of the same answers.
      precision: what is wanted.
    """
    accepted = np.arange(1, len(right) + 1)
    # Answers of equal log-probability pass together.
    is_last = np.append(log_probs[1:] < log_probs[:-1], True)
    [reaching] = np.nonzero(is_last & (np.cumsum(right) >= precision * accepted))
    if not len(reaching):
        return Threshold(precision=precision)
    last = reaching[-1]
    # Rounded down, so that this answer itself passes.
    log_prob = math.floor(log_probs[last] * 10**_DIGITS) / 10**_DIGITS
    return Threshold(
        precision=precision,
        log_prob=log_prob,
        confidence=_rounded(math.exp(log_prob)),
        coverage=_rounded(accepted[last] / len(right)),
        reached=_rounded(right[: last + 1].mean()),
    )


def _rounded(figure: float) -> float:
    return round(float(figure), _DIGITS)
