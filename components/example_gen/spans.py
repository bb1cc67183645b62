"""{SPAN} in patterns: the number that a span of data has in the names of its files or folders."""

import re
from collections.abc import Mapping, Sequence

from apache_beam.io.filesystem import FileSystem

from components.config.data import SPAN
from components.example_gen.files import find_files, full_pattern
from components.example_gen.rows import DataError


def resolve_spans(
    base: str, patterns: Sequence[str], windows: Sequence[int], newest: int | None = None
) -> tuple[list[str], list[int]]:
    """Puts spans into all patterns that ask for one; patterns without {SPAN} stay as they are.

    Args:
      base: folder of the files.
      patterns: globs below it.
      windows: how many of the newest spans each pattern is to be read of, as many as there are at the most.
      newest: the span that is taken for the newest one; None: the newest.

    Returns:
      The patterns, where several spans are read one to a line, and the numbers of all spans that are, rising; none
      where no pattern has {SPAN}.

    Raises:
      DataError: no file matches, a span is not there for all patterns, or its number is written in more than one way.
    """
    written = {pattern: _written(base, pattern) for pattern in patterns if SPAN.search(pattern)}
    if not written:
        return list(patterns), []
    if newest is None:
        newest = _newest(written)
    spans = sorted({span for numbers in written.values() for span in numbers if span <= newest})
    resolved = []
    for pattern, window in zip(patterns, windows, strict=True):
        if pattern in written:
            chosen = [_text(pattern, written[pattern], span) for span in sorted({*spans, newest})[-window:]]
            resolved.append("\n".join(SPAN.sub(text, pattern) for text in chosen))
        else:
            resolved.append(pattern)
    widest = max(window for pattern, window in zip(patterns, windows, strict=True) if pattern in written)
    return resolved, spans[-widest:]


def _newest(written: Mapping[str, Mapping[int, Sequence[str]]]) -> int:
    newest = {pattern: max(numbers) for pattern, numbers in written.items()}
    if len(set(newest.values())) > 1:
        found = ", ".join(f"{written[pattern][span][0]} of {pattern}" for pattern, span in newest.items())
        raise DataError(f"{{SPAN}} must be the same number in all patterns, but the newest spans are {found}")
    return next(iter(newest.values()))


def _text(pattern: str, written: Mapping[int, Sequence[str]], span: int) -> str:
    """A span's number as it is written in the place of {SPAN}."""
    if span not in written:
        there = ", ".join(map(str, sorted(written)))
        raise DataError(f"there is no span {span} of {pattern}: there are {there}")
    if len(written[span]) > 1:
        raise DataError(f"span {span} of {pattern} is written in more than one way: {', '.join(written[span])}")
    return written[span][0]


def _written(base: str, pattern: str) -> dict[int, list[str]]:
    """The numbers in the place of {SPAN}, each in all ways in which it is written there."""
    span = SPAN.search(pattern)
    digits = rf"([0-9]{{{span['width']}}})" if span["width"] else "([0-9]+)"
    glob = full_pattern(base, pattern)
    expression = re.compile(FileSystem.translate_pattern(glob).replace(re.escape(span[0]), digits))
    paths = (file.path for file in find_files(glob.replace(span[0], "*")))
    found: dict[int, list[str]] = {}
    for text in sorted({match[1] for match in map(expression.match, paths) if match}):
        found.setdefault(int(text), []).append(text)
    if not found:
        raise DataError(f"no files match {glob}")
    return found
