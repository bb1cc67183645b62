"""The worst examples of an evaluation by a metric."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import pyarrow as pa

from components.metrics.example_rows import (
    PREFIXES,
    REFERENCES_COLUMN,
    SLICES_COLUMN,
    SOURCE_COLUMN,
    sums_column,
)
from components.tables import Table
from trainer.metrics.catalog import create_statistic
from trainer.metrics.names import LOWER_IS_BETTER, METRIC_NAMES


class Worst(NamedTuple):
    """An example, and what the models made of it; the baseline's are None where there was none."""

    figure: float
    source: str
    references: list[str]
    hypothesis: str
    baseline_hypothesis: str | None
    baseline_figure: float | None


def worst_examples(examples: pa.Table, metric: str, slices: Mapping[str, str], limit: int) -> list[Worst]:
    """Those with the worst figure of their own, the worst first; such without a figure come last.

    Args:
      examples: rows as `read_examples` gives them.
      metric: what it is judged by.
      slices: values of slice keys, or of source_length, that they must have.
      limit: how many at the most.

    Raises:
      ValueError: the metric was not measured, or no example is sliced by such a key, or has such a value.
    """
    measured = [name for name in METRIC_NAMES if sums_column("", name) in examples.column_names]
    if metric not in measured:
        raise ValueError(f"metric {metric!r} was not measured: there are {', '.join(measured)}")
    # What decides how texts are cut has no say in a figure that is computed of sums.
    statistic = create_statistic(metric, "char")
    figures = [statistic.figure(sums) for sums in examples.column(sums_column("", metric)).to_pylist()]
    rows = _rows_in(examples, slices)
    sign = -1 if metric in LOWER_IS_BETTER else 1
    rows.sort(key=lambda row: (math.isnan(figures[row]), 0.0 if math.isnan(figures[row]) else sign * figures[row]))
    chosen = rows[:limit]
    return [
        _worst(each, figures[row], metric) for row, each in zip(chosen, examples.take(chosen).to_pylist(), strict=True)
    ]


def worst_table(worst: list[Worst], metric: str, title: str) -> Table:
    """A row per example; the baseline's text and figure where there was one."""
    has_baseline = any(each.baseline_hypothesis is not None for each in worst)
    columns = [metric.replace("_", " "), "source", "references", "hypothesis"]
    rows = [[f"{each.figure:.4g}", each.source, "\n".join(each.references), each.hypothesis] for each in worst]
    if has_baseline:
        columns += ["blessed model", "its figure"]
        for row, each in zip(rows, worst, strict=True):
            row += [each.baseline_hypothesis or "", f"{each.baseline_figure:.4g}"]
    return Table(title, columns, rows)


def _rows_in(examples: pa.Table, slices: Mapping[str, str]) -> list[int]:
    rows, found = [], {key: set() for key in slices}
    for place, pairs in enumerate(examples.column(SLICES_COLUMN).to_pylist()):
        values = dict(pairs)
        for key in found.keys() & values.keys():
            found[key].add(values[key])
        if slices.items() <= values.items():
            rows.append(place)
    for key, value in slices.items():
        if value not in found[key]:
            told = ", ".join(sorted(found[key])[:20]) or "none: nothing is sliced by it"
            raise ValueError(f"slice {key}={value}: values of {key!r} are {told}")
    return rows


def _worst(row: Mapping[str, Any], figure: float, metric: str) -> Worst:
    baseline = PREFIXES[1]
    sums = row.get(sums_column(baseline, metric))
    return Worst(
        figure=figure,
        source=row[SOURCE_COLUMN],
        references=row[REFERENCES_COLUMN],
        hypothesis=row["hypothesis"],
        baseline_hypothesis=row.get(f"{baseline}hypothesis"),
        baseline_figure=None if sums is None else create_statistic(metric, "char").figure(sums),
    )
