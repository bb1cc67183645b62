"""How sure the figures of an evaluation are: intervals by slice, and whether a difference is more than chance."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pydantic
from apache_beam.io.filesystems import FileSystems

from components.metrics.bootstrap import interval, p_value, resample
from components.metrics.example_rows import PREFIXES, SLICES_COLUMN, in_order, sums_column
from trainer.metrics.names import LOWER_IS_BETTER
from trainer.metrics.statistic import CorpusStatistic

CONFIDENCE_FILE = "confidence.json"
OVERALL = "overall"

# A slice with fewer examples is not resampled.
MIN_EXAMPLES = 30


class Sureness(pydantic.BaseModel):
    """Of one metric in one slice.

    Attributes:
      low, high: 95 % interval of the model's figure.
      baseline_low, baseline_high: that of the model that it was compared with; None without one.
      p_value: of the paired bootstrap; None without a model to compare with.
      better: whether the model's figure is the better one; None without a model to compare with.
    """

    low: float
    high: float
    baseline_low: float | None = None
    baseline_high: float | None = None
    p_value: float | None = None
    better: bool | None = None


class Confidence(pydantic.BaseModel):
    """Of an evaluation: by slice and metric, and the improvements that were asked for and are not sure."""

    metrics: dict[str, dict[str, Sureness]] = {}
    failures: list[str] = []


class Slicing(NamedTuple):
    """Columns that make slices, and values that some of these must have."""

    columns: tuple[str, ...]
    values: Mapping[str, str]


def measure_confidence(
    examples: pa.Table,
    statistics: Mapping[str, CorpusStatistic],
    slicings: Sequence[Slicing],
    max_p_values: Mapping[str, float],
) -> Confidence:
    """Resamples the examples of every slice that has enough of them; in which order they are does not matter.

    Args:
      examples: rows as `read_examples` gives them, with `columns_of_sums` at the least.
      statistics: by the metrics' names.
      slicings: how slices are made; one without columns is that of all examples.
      max_p_values: by metric, the highest p-value with which an improvement on all examples counts as sure.
    """
    if not examples.num_rows or not statistics:
        return Confidence()
    order = in_order(examples)
    places = np.argsort(order)
    prefixes = [
        prefix
        for prefix in PREFIXES
        if all(sums_column(prefix, metric) in examples.column_names for metric in statistics)
    ]
    columns = [(prefix, metric) for prefix in prefixes for metric in statistics]
    sums, starts = _sums(examples, [sums_column(*column) for column in columns], order)
    confidence = Confidence()
    slices = {name: np.sort(places[rows]) for name, rows in rows_by_slice(examples, slicings).items()}
    for name, rows in sorted(slices.items(), key=lambda item: item[1][0]):
        if len(rows) < MIN_EXAMPLES and name != OVERALL:
            continue
        # Of all rows there is no need for a copy.
        of_slice = sums if len(rows) == len(sums) else sums[rows]
        samples = dict(zip(columns, np.split(resample(of_slice), starts, axis=1), strict=True))
        totals = dict(zip(columns, np.split(of_slice.sum(axis=0), starts), strict=True))
        confidence.metrics[name] = {
            metric: _sureness(statistic, metric, prefixes, samples, totals) for metric, statistic in statistics.items()
        }
    confidence.failures.extend(_failures(confidence.metrics.get(OVERALL, {}), max_p_values))
    return confidence


def write_confidence(confidence: Confidence, evaluation_uri: str) -> None:
    """Writes it beside the evaluation."""
    with FileSystems.create(os.path.join(evaluation_uri, CONFIDENCE_FILE)) as stream:
        # JSON has no NaN of its own; Python's writes and reads one.
        stream.write(json.dumps(confidence.model_dump(), ensure_ascii=False).encode())


def read_confidence(evaluation_uri: str) -> Confidence:
    """Reads what `write_confidence` wrote; there is nothing in it where nothing was written."""
    path = os.path.join(evaluation_uri, CONFIDENCE_FILE)
    if not FileSystems.exists(path):
        return Confidence()
    with FileSystems.open(path) as stream:
        return Confidence.model_validate(json.loads(stream.read()))


def _sums(examples: pa.Table, columns: Sequence[str], order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What each example adds, in an order: the columns side by side, and where all but the first of them start."""
    sizes = [len(examples.column(column)[0]) for column in columns]
    starts = np.cumsum([0, *sizes])
    sums = np.empty((examples.num_rows, starts[-1]))
    # One column at a time: memory is that of the result, and of one column.
    for column, start, end in zip(columns, starts[:-1], starts[1:], strict=True):
        values = examples.column(column).combine_chunks()
        sums[:, start:end] = values.flatten().to_numpy(zero_copy_only=False).reshape(len(values), -1)[order]
    return sums, starts[1:-1]


def rows_by_slice(examples: pa.Table, slicings: Sequence[Slicing]) -> dict[str, np.ndarray]:
    """Which rows, int64 and in order, as `read_examples` gives them, are in which slice, by the slices' names."""
    slices = _Slices(examples)
    found = {}
    for slicing in slicings:
        for values, rows in slices.groups(sorted(slicing.columns)):
            named = dict(zip(sorted(slicing.columns), values, strict=True))
            if slicing.values.items() <= named.items():
                name = ", ".join(f"{column}:{value}" for column, value in named.items()) or OVERALL
                found[name] = rows
    return found


class _Slices:
    """The values by which rows are sliced: of each column a table of values, and for each row a place in it."""

    def __init__(self, examples: pa.Table):
        self._count = examples.num_rows
        column = examples.column(SLICES_COLUMN).combine_chunks()
        self._parents = np.repeat(np.arange(self._count), np.diff(column.offsets.to_numpy()))
        start, end = column.offsets[0].as_py(), column.offsets[-1].as_py()
        self._keys, self._items = column.keys[start:end], column.items[start:end]

    def groups(self, columns: Sequence[str]) -> Iterator[tuple[tuple[str, ...], np.ndarray]]:
        """The rows that have these columns, by the values that they have in them."""
        rows, codes, texts = np.arange(self._count), np.zeros(self._count, np.int64), []
        for column in columns:
            values, of_row = self._column(column)
            texts.append(values)
            rows = rows[of_row[rows] >= 0]
            codes = codes * max(1, len(values)) + of_row
        if not len(rows):
            return
        order = np.argsort(codes[rows], kind="stable")
        different, starts = np.unique(codes[rows][order], return_index=True)
        sizes = [len(values) for values in texts]
        for code, part in zip(different.tolist(), np.split(rows[order], starts[1:]), strict=True):
            places = np.unravel_index(code, sizes) if sizes else ()
            yield tuple(values[place] for values, place in zip(texts, places, strict=True)), part

    def _column(self, column: str) -> tuple[list[str], np.ndarray]:
        here = pc.equal(self._keys, column)
        encoded = self._items.filter(here).dictionary_encode()
        of_row = np.full(self._count, -1)
        of_row[self._parents[here.to_numpy(zero_copy_only=False)]] = encoded.indices.to_numpy()
        return encoded.dictionary.to_pylist(), of_row


def _sureness(statistic: CorpusStatistic, metric: str, prefixes: list[str], samples: dict, totals: dict) -> Sureness:
    scores = [np.array([statistic.figure(sums) for sums in samples[prefix, metric].tolist()]) for prefix in prefixes]
    low, high = interval(scores[0])
    if len(prefixes) == 1:
        return Sureness(low=low, high=high)
    figures = [statistic.figure(totals[prefix, metric].tolist()) for prefix in prefixes]
    baseline_low, baseline_high = interval(scores[1])
    difference = figures[0] - figures[1]
    return Sureness(
        low=low,
        high=high,
        baseline_low=baseline_low,
        baseline_high=baseline_high,
        p_value=p_value(*scores, difference),
        better=bool(difference < 0 if metric in LOWER_IS_BETTER else difference > 0),
    )


def _failures(overall: Mapping[str, Sureness], max_p_values: Mapping[str, float]) -> list[str]:
    failures = []
    for metric, most in max_p_values.items():
        sureness = overall.get(metric)
        if sureness is None or sureness.p_value is None:
            continue  # a first model is compared with none
        if not sureness.better:
            failures.append(f"{metric} ({OVERALL}) is no better than that of the latest blessed model: it must be")
        elif sureness.p_value > most:
            failures.append(
                f"{metric} ({OVERALL}) is better than that of the latest blessed model with p = {sureness.p_value:.3g}:"
                f" it must be at most {most:g} (paired bootstrap)"
            )
    return failures
