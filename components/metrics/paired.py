"""The kept examples of two evaluations side by side, where both are of the same examples."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from components.metrics.confidence import Confidence, Slicing, measure_confidence
from components.metrics.example_rows import (
    OF_MODEL,
    PREFIXES,
    REFERENCES_COLUMN,
    SLICES_COLUMN,
    SOURCE_COLUMN,
    sums_column,
)
from trainer.metrics.statistic import CorpusStatistic


def paired_confidence(
    ours: pa.Table, theirs: pa.Table, statistics: Mapping[str, CorpusStatistic], slicings: Sequence[Slicing]
) -> Confidence | None:
    """How sure the difference of two evaluations is, by slice and metric.

    Args:
      ours, theirs: rows as `read_examples` gives them; a model that either was compared with is left out.
      statistics: metrics that both have, by their names.
      slicings: how slices are made of ours.

    Returns:
      As `measure_confidence` gives it, theirs being the baseline; None where the examples are not the same.
    """
    pairs = _paired(ours, theirs, list(statistics))
    return None if pairs is None else measure_confidence(pairs, statistics, slicings, max_p_values={})


def _paired(ours: pa.Table, theirs: pa.Table, metrics: Sequence[str]) -> pa.Table | None:
    (our_keys, our_rows), (their_keys, their_rows) = _in_order(ours), _in_order(theirs)
    if our_keys != their_keys:
        return None
    columns = {name: ours.column(name) for name in (SOURCE_COLUMN, REFERENCES_COLUMN, SLICES_COLUMN)}
    table = pa.table(columns).take(our_rows)
    of_model = [*OF_MODEL, *(sums_column("", metric) for metric in metrics)]
    for prefix, examples, rows in ((PREFIXES[0], ours, our_rows), (PREFIXES[1], theirs, their_rows)):
        taken = examples.select(of_model).take(rows)
        for name in of_model:
            table = table.append_column(f"{prefix}{name}", taken.column(name))
    return table


def _in_order(examples: pa.Table) -> tuple[list[tuple[str, list[str]]], list[int]]:
    """Source and references of all rows, in an order of their own, and the rows in that order."""
    sources, references = examples.column(SOURCE_COLUMN).to_pylist(), examples.column(REFERENCES_COLUMN).to_pylist()
    keys = list(zip(sources, references, strict=True))
    rows = sorted(range(len(keys)), key=lambda row: keys[row])
    return [keys[row] for row in rows], rows
