"""Tables that are told: plain in a log, and drawn by the command line, which finds the table in the log record."""

import dataclasses
import logging
import unicodedata
from collections.abc import Sequence

# Name of the log record's attribute.
RECORD_ATTRIBUTE = "table"


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of texts under a title and headings."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def plain(self) -> str:
        """The table as lines of text, with aligned columns."""
        lines = [self.columns, *self.rows]
        widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
        told = ("  ".join(map(_padded, line, widths)).rstrip() for line in lines)
        return "\n".join([self.title, *told])


def log_table(logger: logging.Logger, level: int, table: Table) -> None:
    """Logs a table as one record."""
    logger.log(level, "%s", table.plain(), extra={RECORD_ATTRIBUTE: table})


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Columns that a terminal takes for a text: two for wide characters, none for marks."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
