"""Tables: tab-separated lines without quoting, and comma-separated records."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from components.config.data import DataConfig, InputConfig
from components.example_gen.csv_records import read_csv_records
from components.example_gen.files import read_lines
from components.example_gen.rows import (
    BadRow,
    FileError,
    Reason,
    Row,
    RowError,
    attempt,
    decode,
    is_blank,
    make_row,
    parse_weight,
)


def read_table(streams: Sequence[BinaryIO], data: DataConfig, entry: InputConfig) -> Iterator[Row | BadRow]:
    """Rows of one file of format tsv or csv.

    Raises:
      FileError: the header cannot be read, or lacks a column that the configuration names.
    """
    [stream] = streams
    records = read_csv_records(stream) if data.format == "csv" else _read_tsv_records(stream)
    if data.header:
        _, names = next(records, (1, None))
        if names is None:
            return
        if isinstance(names, RowError):
            raise FileError(f"the header cannot be read: {names.detail}")
    else:
        names = data.columns
    columns = _Columns(names, data, entry)
    for line, record in records:
        yield attempt(columns.row, line, record)


class _Columns:
    """Where in a record the texts are."""

    def __init__(self, names: Sequence[str], data: DataConfig, entry: InputConfig):
        """Finds the columns that the configuration names.

        Raises:
          FileError: one is not there, or not once.
        """
        self._names = names
        named = data.named_columns()
        for name in named:
            if names.count(name) != 1:
                raise FileError(f"column {name!r} must be there once: the header is {names}")
        self._source, self._target, *others = self._named = [names.index(name) for name in named]
        self._slices, self._weight = others[: len(data.slice_keys)], others[len(data.slice_keys) :]
        last = max(self._named) if data.header else len(names) - 1
        self._further = last + 1 if entry.further_references else None

    def row(self, line: int, record: list[str] | RowError) -> Row:
        """The row that a record holds.

        Raises:
          RowError: it is bad.
        """
        if isinstance(record, RowError):
            raise record
        if len(record) > len(self._names) and self._further is None:
            raise RowError(Reason.SURPLUS, f"there are {len(record)} columns, but {len(self._names)} names")
        try:
            source, target = record[self._source], record[self._target]
            slices = [record[place] for place in self._slices]
            weights = [record[place] for place in self._weight]
        except IndexError:
            raise self._missing(record) from None
        weight = parse_weight(weights[0]) if weights else None
        if self._further is None:
            return make_row(line, source, [target], slices, weight)
        # Rows with fewer references than others may be filled up with empty columns.
        further = (text for text in record[self._further :] if not is_blank(text))
        return make_row(line, source, [target, *further], slices, weight)

    def _missing(self, record: list[str]) -> RowError:
        if record == [""]:
            return RowError(Reason.MISSING, "the line is empty")
        missing = self._names[min(place for place in self._named if place >= len(record))]
        count = "1 column" if len(record) == 1 else f"{len(record)} columns"
        return RowError(Reason.MISSING, f"column {missing!r} is missing, there is only {count}")


def _read_tsv_records(stream: BinaryIO) -> Iterator[tuple[int, list[str] | RowError]]:
    for number, line in enumerate(read_lines(stream), 1):
        yield number, _split(line)


def _split(line: bytes) -> list[str] | RowError:
    try:
        return decode(line).split("\t")
    except RowError as error:
        return error
