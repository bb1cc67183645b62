"""Figures of an evaluation by metric and slice, beside those of the blessed model."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import TypeVar

from components.metrics.confidence import OVERALL, Sureness
from components.report.charts import Scale
from trainer.metrics.names import LOWER_IS_BETTER

_Value = TypeVar("_Value")
# By the names of slice and metric.
BySlice = Mapping[str, Mapping[str, _Value]]

# Width of the pictures of intervals.
PICTURE_WIDTH = 140
_MARGIN = 6

# A difference with a lower p-value is told as one.
SURE = 0.05


@dataclasses.dataclass(frozen=True)
class Span:
    """A figure and its interval as places on a picture; the interval's are None where it is not known."""

    figure: float
    low: float | None
    high: float | None


@dataclasses.dataclass(frozen=True)
class Row:
    """One metric in one slice.

    Attributes:
      name: of the slice.
      examples: how many it has.
      figure, low, high: the model's, with its 95 % interval where there are enough examples.
      baseline: the blessed model's; None without one.
      p_value: of their difference; None where it is not known.
      change: `better` or `worse` where the difference is sure, `even` where it is not; empty where nothing is known.
      picture: of the model.
      baseline_picture: of the blessed model; None without one.
    """

    name: str
    examples: int
    figure: float
    low: float | None
    high: float | None
    baseline: float | None
    p_value: float | None
    change: str
    picture: Span | None
    baseline_picture: Span | None


@dataclasses.dataclass(frozen=True)
class MetricTable:
    """One metric in all slices; the first row is that of all examples."""

    metric: str
    lower_is_better: bool
    rows: list[Row]

    @property
    def has_baseline(self) -> bool:
        """Whether there is a model to compare with."""
        return any(row.baseline is not None for row in self.rows)

    @property
    def worse(self) -> list[Row]:
        """Slices in which the model is surely worse than the blessed one."""
        return [row for row in self.rows if row.change == "worse"]


def metric_tables(
    metrics: BySlice[float], baseline_metrics: BySlice[float], sureness: BySlice[Sureness], counts: Mapping[str, int]
) -> list[MetricTable]:
    """A table per metric, in the order of the evaluation; the number of examples is no metric here.

    Args:
      metrics: the model's figures.
      baseline_metrics: those of the blessed model; empty without one.
      sureness: of slices that have enough examples.
      counts: examples by slice.
    """
    names = [name for name in metrics.get(OVERALL, {}) if name != "example_count"]
    return [
        _table(name, *(_of(name, each) for each in (metrics, baseline_metrics, sureness)), counts) for name in names
    ]


def _of(metric: str, values: BySlice[_Value]) -> dict[str, _Value]:
    return {name: of_slice[metric] for name, of_slice in values.items() if metric in of_slice}


def _table(
    metric: str,
    figures: Mapping[str, float],
    baselines: Mapping[str, float],
    sure: Mapping[str, Sureness],
    counts: Mapping[str, int],
) -> MetricTable:
    ends = [end for each in sure.values() for end in (each.low, each.high, each.baseline_low, each.baseline_high)]
    scale = _scale([*figures.values(), *baselines.values(), *ends])
    rows = []
    for name, figure in figures.items():
        each, baseline = sure.get(name), baselines.get(name)
        rows.append(
            Row(
                name=name,
                examples=counts.get(name, 0),
                figure=figure,
                low=each.low if each else None,
                high=each.high if each else None,
                baseline=baseline,
                p_value=each.p_value if each else None,
                change=_change(each),
                picture=_span(scale, figure, each.low if each else None, each.high if each else None),
                baseline_picture=_span(
                    scale, baseline, each.baseline_low if each else None, each.baseline_high if each else None
                ),
            )
        )
    return MetricTable(metric, metric in LOWER_IS_BETTER, rows)


def _change(sureness: Sureness | None) -> str:
    if sureness is None or sureness.p_value is None:
        return ""
    if sureness.p_value > SURE:
        return "even"
    return "better" if sureness.better else "worse"


def _scale(values: Iterable[float | None]) -> Scale:
    finite = [value for value in values if value is not None and math.isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    return Scale(low, high if high > low else low + 1.0, _MARGIN, PICTURE_WIDTH - _MARGIN)


def _span(scale: Scale, figure: float | None, low: float | None, high: float | None) -> Span | None:
    if figure is None or not math.isfinite(figure):
        return None
    if low is None or high is None or not math.isfinite(low) or not math.isfinite(high):
        return Span(scale.at(figure), None, None)
    return Span(scale.at(figure), scale.at(low), scale.at(high))
