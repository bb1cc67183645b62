"""The few examples of an evaluation that a report shows: the worst, the best, and what an earlier model could do."""

import dataclasses
import heapq
import math
from typing import Any

import pyarrow as pa

from components.metrics.example_rows import PREFIXES, REFERENCES_COLUMN, SOURCE_COLUMN, sums_column
from trainer.metrics.catalog import create_statistic
from trainer.metrics.names import LOWER_IS_BETTER

# By which an example is judged: the first one that was measured. Without any of them it is right or it is not.
_JUDGES = ("token_error_rate", "word_error_rate", "ter", "chrf", "bleu")
_RIGHT = "exact_match"

_COLUMNS = (SOURCE_COLUMN, REFERENCES_COLUMN, "log_prob", *(f"{prefix}hypothesis" for prefix in PREFIXES))

WORST, BEST, LOST = 4, 2, 6

_ROWS_AT_A_TIME = 10_000


@dataclasses.dataclass(frozen=True)
class Sample:
    """An example, and what was made of it.

    Attributes:
      source, references: as in the data.
      hypothesis: what the model made of it.
      baseline_hypothesis: what the blessed model made of it; None without one.
      figure: of the metric that it is judged by.
      confidence: the probability that the model gives to what it made.
    """

    source: str
    references: list[str]
    hypothesis: str
    baseline_hypothesis: str | None
    figure: float
    confidence: float


@dataclasses.dataclass(frozen=True)
class Samples:
    """Examples to show.

    Attributes:
      metric: what they are judged by.
      worst: of those that are not right, those with the worst figures; of equal ones the more confident.
      best: of those that are right, the longest.
      lost: those that the blessed model had right and this one has not, the more confident first.
      lost_count: how many of these there are in all.
    """

    metric: str
    worst: list[Sample]
    best: list[Sample]
    lost: list[Sample]
    lost_count: int


def choose_samples(examples: pa.Table) -> Samples:
    """Chooses examples to show.

    Args:
      examples: rows as `read_examples` gives them.
    """
    metric = next((name for name in _JUDGES if sums_column("", name) in examples.column_names), _RIGHT)
    wanted = (*_COLUMNS, sums_column("", metric))
    columns = examples.select([name for name in wanted if name in examples.column_names])
    worst, best, lost, lost_count = [], [], [], 0
    # A part at a time: as Python objects, rows take many times what they take as columns.
    for part in columns.to_batches(max_chunksize=_ROWS_AT_A_TIME):
        rows = part.to_pylist()
        right = [row for row in rows if row["hypothesis"] in row[REFERENCES_COLUMN]]
        wrong = [row for row in rows if row["hypothesis"] not in row[REFERENCES_COLUMN]]
        lost_here = [row for row in wrong if row.get(f"{PREFIXES[1]}hypothesis") in row[REFERENCES_COLUMN]]
        lost_count += len(lost_here)
        worst = heapq.nsmallest(
            WORST, [*worst, *wrong], key=lambda row: (-_badness(row, metric), -row["log_prob"], row[SOURCE_COLUMN])
        )
        best = heapq.nsmallest(BEST, [*best, *right], key=lambda row: (-len(row["hypothesis"]), row[SOURCE_COLUMN]))
        lost = heapq.nsmallest(LOST, [*lost, *lost_here], key=lambda row: (-row["log_prob"], row[SOURCE_COLUMN]))
    return Samples(metric, *([_sample(row, metric) for row in rows] for rows in (worst, best, lost)), lost_count)


def _figure(row: dict[str, Any], metric: str) -> float:
    if metric == _RIGHT:
        return float(row["hypothesis"] in row[REFERENCES_COLUMN])
    # What decides how texts are cut has no say in a figure that is computed of sums.
    return create_statistic(metric, "char").figure(row[sums_column("", metric)])


def _badness(row: dict[str, Any], metric: str) -> float:
    figure = _figure(row, metric)
    if math.isnan(figure):
        return -math.inf
    return figure if metric in LOWER_IS_BETTER else -figure


def _sample(row: dict[str, Any], metric: str) -> Sample:
    return Sample(
        source=row[SOURCE_COLUMN],
        references=row[REFERENCES_COLUMN],
        hypothesis=row["hypothesis"],
        baseline_hypothesis=row.get(f"{PREFIXES[1]}hypothesis"),
        figure=_figure(row, metric),
        confidence=math.exp(row["log_prob"]),
    )
