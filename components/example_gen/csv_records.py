"""Records of comma-separated values, as RFC 4180 has them, with errors that stay where they are."""

from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

from components.example_gen.files import read_raw_lines, strip_line_end
from components.example_gen.rows import MAX_BYTES, Reason, RowError, decode


def read_csv_records(stream: BinaryIO) -> Iterator[tuple[int, list[str] | RowError]]:
    """The line on which each record begins, from 1, and its fields or what is wrong with it.

    Line ends, commas and doubled quotes are allowed between quotes. Where a quote is out of place, only the first line
    of the record is lost: what the quote has swallowed is read again, as records of its own.
    """
    lines = _Lines(read_raw_lines(stream))
    while line := lines.take():
        number, taken = lines.number, [line]
        try:
            record = [decode(field) for field in _complete(lines, taken)]
        except RowError as error:
            lines.put_back(taken[1:])
            yield number, error
        else:
            yield number, record


class _Lines:
    """Lines that can be put back; `number` is that of the line last taken."""

    def __init__(self, lines: Iterator[bytes]):
        self._lines = lines
        self._waiting: deque[bytes] = deque()
        self.number = 0

    def take(self) -> bytes:
        """The next line; empty at the end."""
        line = self._waiting.popleft() if self._waiting else next(self._lines, b"")
        self.number += bool(line)
        return line

    def put_back(self, lines: list[bytes]) -> None:
        """Undoes the taking of these lines."""
        self._waiting.extendleft(reversed(lines))
        self.number -= len(lines)


def _complete(lines: _Lines, taken: list[bytes]) -> list[bytes]:
    """Fields of the record that begins with the line taken; takes as many lines more as its quotes enclose."""
    size = len(taken[0])
    if size > MAX_BYTES:
        raise RowError(Reason.TOO_LONG, f"there are more than {MAX_BYTES:,} bytes")
    while (fields := _fields(strip_line_end(b"".join(taken)))) is None:
        line = b""
        # Without a quote a line cannot end the field.
        while b'"' not in line:
            line = lines.take()
            size += len(line)
            if not line:
                raise RowError(Reason.QUOTES, "a quoted field is not closed before the end of the file")
            taken.append(line)
            if size > MAX_BYTES:
                raise RowError(Reason.QUOTES, f"a quoted field is not closed within {MAX_BYTES:,} bytes")
    return fields


def _fields(record: bytes) -> list[bytes] | None:
    """Splits a record; None where a quoted field is not closed."""
    if b'"' not in record:
        return record.split(b",")
    fields = []
    position = 0
    while True:
        if record.startswith(b'"', position):
            position += 1
            end = record.find(b'"', position)
            while record.startswith(b'""', end):
                end = record.find(b'"', end + 2)
            if end < 0:
                return None
            fields.append(record[position:end].replace(b'""', b'"'))
            end += 1
        else:
            end = record.find(b",", position)
            end = len(record) if end < 0 else end
            fields.append(record[position:end])
            if b'"' in fields[-1]:
                raise RowError(Reason.QUOTES, f"field {len(fields)} has a quote, but does not begin with one")
        if end == len(record):
            return fields
        if not record.startswith(b",", end):
            raise RowError(Reason.QUOTES, f"field {len(fields)} goes on after its closing quote")
        position = end + 1
