"""{SPAN} in patterns: the number that a span of data has in the names of its files or folders."""

import re
from collections.abc import Sequence

from apache_beam.io.filesystem import FileSystem

from components.config import SPAN
from components.example_gen.files import find_files, full_pattern
from components.example_gen.rows import DataError


def resolve_spans(base: str, patterns: Sequence[str]) -> tuple[list[str], int | None]:
    """Puts the newest span into all patterns that ask for one; patterns without {SPAN} stay as they are.

    Args:
      base: folder of the files.
      patterns: globs below it.

    Returns:
      The patterns, and the span's number, or None where no pattern has {SPAN}.

    Raises:
      DataError: no file matches, the patterns' newest spans differ, or its number is written in more than one way.
    """
    spans = {pattern: _newest(base, pattern) for pattern in patterns if SPAN.search(pattern)}
    numbers = {int(span) for span in spans.values()}
    if len(numbers) > 1:
        found = ", ".join(f"{span} of {pattern}" for pattern, span in spans.items())
        raise DataError(f"{{SPAN}} must be the same number in all patterns, but the newest spans are {found}")
    resolved = [SPAN.sub(spans[pattern], pattern) if pattern in spans else pattern for pattern in patterns]
    return resolved, min(numbers, default=None)


def _newest(base: str, pattern: str) -> str:
    """The highest number in the place of {SPAN}, as it is written there."""
    span = SPAN.search(pattern)
    digits = rf"([0-9]{{{span['width']}}})" if span["width"] else "([0-9]+)"
    glob = full_pattern(base, pattern)
    expression = re.compile(FileSystem.translate_pattern(glob).replace(re.escape(span[0]), digits))
    paths = (file.path for file in find_files(glob.replace(span[0], "*")))
    found = {match[1] for match in map(expression.match, paths) if match}
    if not found:
        raise DataError(f"no files match {glob}")
    newest = max(map(int, found))
    written = sorted(text for text in found if int(text) == newest)
    if len(written) > 1:
        raise DataError(f"span {newest} of {glob} is written in more than one way: {', '.join(written)}")
    return written[0]
