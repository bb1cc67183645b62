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
    in_order,
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
    ours, theirs = (examples.take(pa.array(in_order(examples))) for examples in (ours, theirs))
    if not all(ours.column(name).equals(theirs.column(name)) for name in (SOURCE_COLUMN, REFERENCES_COLUMN)):
        return None
    table = ours.select([SOURCE_COLUMN, REFERENCES_COLUMN, SLICES_COLUMN])
    of_model = [*OF_MODEL, *(sums_column("", metric) for metric in metrics)]
    for prefix, examples in ((PREFIXES[0], ours), (PREFIXES[1], theirs)):
        for name in of_model:
            table = table.append_column(f"{prefix}{name}", examples.column(name))
    return table
