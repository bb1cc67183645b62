"""Two text files, of which line matches line."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import BinaryIO

from components.config.data import DataConfig, InputConfig
from components.example_gen.files import read_lines
from components.example_gen.rows import BadRow, FileError, Reason, Row, RowError, decode, is_blank


def read_aligned(streams: Sequence[BinaryIO], data: DataConfig, entry: InputConfig) -> Iterator[Row | BadRow]:
    """Rows of a file of sources and one of targets, read in step.

    Raises:
      FileError: they have different numbers of lines.
    """
    del data, entry
    source_lines, target_lines = map(read_lines, streams)
    pairs = zip_longest(source_lines, target_lines)
    for number, (source, target) in enumerate(pairs, 1):
        if source is None or target is None:
            shorter, longer = number - 1, number + sum(1 for _ in pairs)
            sources, targets = (shorter, longer) if source is None else (longer, shorter)
            raise FileError(f"they do not match: {sources:,} lines of sources, {targets:,} of targets")
        file = 0
        try:
            source_text = _text(source)
            file = 1
            yield Row(number, source_text, [_text(target)], [])
        except RowError as error:
            yield error.at(number, file)


def _text(line: bytes) -> str:
    text = decode(line)
    if is_blank(text):
        raise RowError(Reason.EMPTY, "the line is empty")
    return text
