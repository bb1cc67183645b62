"""The few examples of an evaluation that a report shows: the worst, the best, and what an earlier model could do."""

import dataclasses
import math
from collections.abc import Sequence
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
    rows = examples.select([name for name in wanted if name in examples.column_names]).to_pylist()
    right = [row["hypothesis"] in row[REFERENCES_COLUMN] for row in rows]
    was_right = [row.get(f"{PREFIXES[1]}hypothesis") in row[REFERENCES_COLUMN] for row in rows]
    badness = [_badness(row, metric) for row in rows]
    wrong = sorted(
        (place for place in range(len(rows)) if not right[place]),
        key=lambda place: (-badness[place], -rows[place]["log_prob"], rows[place][SOURCE_COLUMN]),
    )
    longest = sorted(
        (place for place in range(len(rows)) if right[place]),
        key=lambda place: (-len(rows[place]["hypothesis"]), rows[place][SOURCE_COLUMN]),
    )
    lost = sorted(
        (place for place in wrong if was_right[place]),
        key=lambda place: (-rows[place]["log_prob"], rows[place][SOURCE_COLUMN]),
    )

    def of(places: Sequence[int]) -> list[Sample]:
        return [_sample(rows[place], metric) for place in places]

    return Samples(metric, of(wrong[:WORST]), of(longest[:BEST]), of(lost[:LOST]), len(lost))


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
