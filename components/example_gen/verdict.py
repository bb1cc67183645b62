"""Whether what was read may become the data of a run."""

import logging

from components.config.data import TRAIN_SPLIT, DataConfig
from components.example_gen.rows import DataError
from components.example_gen.tally import BAD_ROWS_TOLD, Tally

_LOGGER = logging.getLogger("seq2seq.example_gen")


def check(tally: Tally, data: DataConfig) -> None:
    """Reports the counts, and stops what must not go on.

    Raises:
      DataError: a file could not be read, there are bad rows or too many of them, a split is empty, or no
        pair to train on has weight.
    """
    if tally.unreadable:
        raise DataError("; ".join(why for _, why in tally.unreadable[:BAD_ROWS_TOLD]))
    bad = tally.bad_rows.total()
    told = "; ".join(text for _, _, text in tally.first_bad_rows)
    if bad and data.on_bad_row == "fail":
        more = "; there may be more" if bad >= BAD_ROWS_TOLD else ""
        raise DataError(f"{told}{more} (data.on_bad_row is fail)")
    if bad:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in tally.bad_rows.most_common())
        counts = f"{bad:,} of {tally.rows:,} rows are bad ({reasons})"
        if bad > data.max_bad_fraction * tally.rows:
            raise DataError(f"{counts}, data.max_bad_fraction allows {data.max_bad_fraction:g} of them; first {told}")
        _LOGGER.warning("%s, and were skipped; first %s", counts, told)
    names = data.split_names()
    empty = [name for name in names if not tally.pairs[name]]
    if empty:
        raise DataError("; ".join(_why_empty(name, data) for name in empty))
    weightless = tally.weightless[TRAIN_SPLIT]
    if weightless == tally.pairs[TRAIN_SPLIT]:
        raise DataError(f"all {weightless:,} pairs of split train have weight 0 (data.weight is {data.weight!r})")
    _LOGGER.info("%s", ", ".join(f"{name} {tally.pairs[name]:,} pairs" for name in names))
    if weightless:
        _LOGGER.info("%s pairs of split train have weight 0", f"{weightless:,}")


def _why_empty(name: str, data: DataConfig) -> str:
    entries = [entry for entry in data.inputs if name in entry.splits]
    patterns = ", ".join(entry.pattern for entry in entries)
    if all(len(entry.splits) == 1 for entry in entries):
        return f"split {name} is empty: there are no pairs in {patterns}"
    return f"split {name} is empty: none of the pairs in {patterns} falls to it by hash, raise its weight"
