"""What readers make of a row: a source with its references, or what is wrong with it."""

import enum
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

# Longer lines, records and texts are bad rows: a file without line ends must not fill the memory.
MAX_BYTES = 4 << 20

# Weights are stored in single precision.
MAX_WEIGHT = 3.4028234663852886e38
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


class Reason(str, enum.Enum):
    """Why a row is bad; bad rows are counted by it."""

    MISSING = "missing column"
    SURPLUS = "too many columns"
    EMPTY = "empty side"
    INVALID_UTF8 = "invalid UTF-8"
    NUL = "NUL"
    QUOTES = "misplaced quote"
    NO_OBJECT = "no JSON object"
    NO_EXAMPLE = "no tf.Example"
    WRONG_TYPE = "wrong type"
    BAD_WEIGHT = "bad weight"
    TOO_LONG = "too long"


class Row(NamedTuple):
    """A good row; `line` is that on which it begins, from 1, or the number of its record.

    It has a weight where the configuration names a column of weights.
    """

    line: int
    source: str
    references: Sequence[str]
    slices: Sequence[str]
    weight: float | None = None


class BadRow(NamedTuple):
    """A bad row; `file` tells which of the files that are read in step it is in."""

    line: int
    reason: Reason
    detail: str
    file: int = 0


class RowError(Exception):
    """Raised while a row is read: it is bad."""

    def __init__(self, reason: Reason, detail: str):
        super().__init__(detail)
        self.reason = reason
        self.detail = detail

    def at(self, line: int, file: int = 0) -> BadRow:
        """The bad row that it is about."""
        return BadRow(line, self.reason, self.detail, file)


def attempt(read: Callable[..., Row], line: int, *arguments: Any) -> Row | BadRow:
    """The row that `read(line, *arguments)` returns, or the bad row that it finds."""
    try:
        return read(line, *arguments)
    except RowError as error:
        return error.at(line)


class FileError(Exception):
    """A file that cannot be read on, whatever becomes of bad rows."""


class DataError(ValueError):
    """Data that cannot be taken in; the message, on one line, is for people."""


def decode(text: bytes) -> str:
    """Text of UTF-8.

    Raises:
      RowError: it is no valid UTF-8, holds a NUL, or has more than MAX_BYTES.
    """
    if len(text) > MAX_BYTES:
        raise RowError(Reason.TOO_LONG, f"there are more than {MAX_BYTES:,} bytes")
    try:
        decoded = text.decode()
    except UnicodeDecodeError as error:
        raise RowError(
            Reason.INVALID_UTF8, f"byte {error.start + 1} (0x{text[error.start]:02x}) is not valid UTF-8"
        ) from error
    if "\0" in decoded:
        raise RowError(Reason.NUL, f"byte {text.index(0) + 1} is a NUL")
    return decoded


def is_blank(text: str) -> bool:
    """Whether there is nothing but white space."""
    return not text or text.isspace()


def parse_weight(text: str) -> float:
    """The weight that a text says, in decimal notation with or without an exponent.

    Raises:
      RowError: it says none.
    """
    if not _NUMBER.fullmatch(text.strip()):
        shown = "empty" if is_blank(text) else repr(text if len(text) <= 40 else f"{text[:40]}…")
        raise RowError(Reason.BAD_WEIGHT, f"the weight is {shown}, wanted a number from 0 on")
    return check_weight(float(text))


def check_weight(weight: float) -> float:
    """The weight.

    Raises:
      RowError: it is negative, infinite or no number.
    """
    if not (math.isfinite(weight) and 0 <= weight <= MAX_WEIGHT):
        raise RowError(Reason.BAD_WEIGHT, f"the weight is {weight:g}, wanted a number from 0 to {MAX_WEIGHT:.3g}")
    return weight


def make_row(
    line: int, source: str, references: Sequence[str], slices: Sequence[str] = (), weight: float | None = None
) -> Row:
    """A row of valid text, with each reference once.

    Raises:
      RowError: a side is blank.
    """
    if is_blank(source):
        raise RowError(Reason.EMPTY, "the source is empty")
    if any(map(is_blank, references)):
        raise RowError(Reason.EMPTY, "the target is empty")
    return Row(line, source, list(dict.fromkeys(references)) if len(references) > 1 else references, slices, weight)
