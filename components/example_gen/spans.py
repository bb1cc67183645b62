"""Spans of data in the names of files or folders: {SPAN} or a date in patterns, and {VERSION} of a span."""

import dataclasses
import datetime
import re
from collections.abc import Mapping, Sequence

from apache_beam.io.filesystem import FileSystem

from components.config.span_pattern import DATE, PLACEHOLDER, date_of, days_since_1970, placeholders
from components.example_gen.files import find_files, full_pattern
from components.example_gen.rows import DataError

# Property of examples: the numbers of all their spans. TFX's own, `span`, is the last, and `version` the version of it.
SPANS_PROPERTY = "spans"


@dataclasses.dataclass(frozen=True)
class Resolved:
    """Patterns with spans in the places of their placeholders.

    Attributes:
      patterns: globs, where several spans are read one to a line.
      spans: the numbers of all spans that are read, rising; none where no pattern has a placeholder.
      version: the version of the newest span; None where no pattern tells one.
      newest: the newest span for people, as "span 7", "span 2024-01-31" or "span 7, version 2"; empty where there is
        none.
    """

    patterns: list[str]
    spans: list[int]
    version: int | None = None
    newest: str = ""

    @property
    def numbers(self) -> str:
        """The numbers of the spans with commas between."""
        return ",".join(map(str, self.spans))


@dataclasses.dataclass(frozen=True)
class _Place:
    """What stands in the places of a pattern's placeholders: texts by name, and the numbers that they are."""

    span: int
    version: int | None
    texts: tuple[tuple[str, str], ...]


def resolve_spans(base: str, patterns: Sequence[str], windows: Sequence[int], newest: int | None = None) -> Resolved:
    """Puts spans into all patterns that ask for one, each in its newest version; others stay as they are.

    Args:
      base: folder of the files.
      patterns: globs below it.
      windows: how many of the newest spans each pattern is to be read of, as many as there are at the most.
      newest: the span that is taken for the newest one; None: the newest.

    Raises:
      DataError: no file matches, a date does not exist, or a span or its newest version is not there for all patterns
        or is written in more than one way.
    """
    found = {pattern: _places(base, pattern) for pattern in patterns if placeholders(pattern)}
    if not found:
        return Resolved(list(patterns), [])
    if newest is None:
        newest = _newest(found)
    spans = sorted({span for places in found.values() for span in places if span <= newest})
    resolved, versions = [], {}
    for pattern, window in zip(patterns, windows, strict=True):
        if pattern in found:
            chosen = [_place(pattern, found[pattern], span) for span in sorted({*spans, newest})[-window:]]
            resolved.append("\n".join(_filled(pattern, place) for place in chosen))
            for place in chosen:
                versions.setdefault(place.span, {})[pattern] = place.version
        else:
            resolved.append(pattern)
    for span, of_patterns in versions.items():
        _check_versions(span, of_patterns)
    widest = max(window for pattern, window in zip(patterns, windows, strict=True) if pattern in found)
    version = next((each for each in versions[newest].values() if each is not None), None)
    name = f"span {_name(next(iter(found)), newest)}" + ("" if version is None else f", version {version}")
    return Resolved(resolved, spans[-widest:], version, name)


def _newest(found: Mapping[str, Mapping[int, Sequence[_Place]]]) -> int:
    newest = {pattern: max(places) for pattern, places in found.items()}
    if len(set(newest.values())) > 1:
        told = ", ".join(f"{_name(pattern, span)} of {pattern}" for pattern, span in newest.items())
        raise DataError(f"the newest span must be the same in all patterns, but the newest spans are {told}")
    return next(iter(newest.values()))


def _check_versions(span: int, of_patterns: Mapping[str, int | None]) -> None:
    """Refuses a span of which one pattern has a newer version than another."""
    versions = {pattern: version for pattern, version in of_patterns.items() if version is not None}
    if len(set(versions.values())) > 1:
        told = ", ".join(f"{version} of {pattern}" for pattern, version in versions.items())
        name = _name(next(iter(versions)), span)
        raise DataError(
            f"the newest version of span {name} must be the same in all patterns, but the newest versions are {told}"
        )


def _place(pattern: str, places: Mapping[int, Sequence[_Place]], span: int) -> _Place:
    """A span in its newest version."""
    if span not in places:
        there = ", ".join(_name(pattern, each) for each in sorted(places))
        raise DataError(f"there is no span {_name(pattern, span)} of {pattern}: there are {there}")
    newest = max(places[span], key=lambda place: place.version or 0)
    same_version = (place for place in places[span] if place.version == newest.version)
    for name, several in (("SPAN", places[span]), ("VERSION", same_version)):
        texts = sorted({text for place in several for key, text in place.texts if key == name})
        if len(texts) > 1:
            what = "span" if name == "SPAN" else f"version {newest.version} of span"
            raise DataError(
                f"{what} {_name(pattern, span)} of {pattern} is written in more than one way: {', '.join(texts)}"
            )
    return newest


def _filled(pattern: str, place: _Place) -> str:
    texts = dict(place.texts)
    return PLACEHOLDER.sub(lambda match: texts[match["name"]], pattern)


def _name(pattern: str, span: int) -> str:
    """A span as its pattern tells it: a number, or a date of the calendar."""
    day = None if "SPAN" in placeholders(pattern) else date_of(span)
    return str(span if day is None else day)


def _places(base: str, pattern: str) -> dict[int, list[_Place]]:
    """What stands in the places of the placeholders, by span."""
    glob = full_pattern(base, pattern)
    expression = FileSystem.translate_pattern(glob)
    for match in PLACEHOLDER.finditer(pattern):
        expression = expression.replace(re.escape(match[0]), f"(?P<{match['name']}>{_digits(match)})")
    paths = (file.path for file in find_files(full_pattern(base, PLACEHOLDER.sub(_glob, pattern))))
    matches = {match.groups(): match for path in paths if (match := re.match(expression, path))}
    found: dict[int, list[_Place]] = {}
    for match in matches.values():
        texts = match.groupdict()
        version = int(texts["VERSION"]) if "VERSION" in texts else None
        span = int(texts["SPAN"]) if "SPAN" in texts else _days(texts, match[0], pattern)
        found.setdefault(span, []).append(_Place(span, version, tuple(texts.items())))
    if not found:
        raise DataError(f"no files match {glob}")
    return found


def _days(texts: Mapping[str, str], path: str, pattern: str) -> int:
    """The number of a date."""
    year, month, day = (texts[name] for name in DATE)
    try:
        return days_since_1970(datetime.date(int(year), int(month), int(day)))
    except ValueError as error:
        raise DataError(f"{path} has a date that does not exist, as {pattern}: {year}-{month}-{day}") from error


def _width(match: re.Match[str]) -> int | None:
    if match["name"] in DATE:
        return len(match["name"])
    return int(match["width"]) if match["width"] else None


def _digits(match: re.Match[str]) -> str:
    width = _width(match)
    return f"[0-9]{{{width}}}" if width else "[0-9]+"


def _glob(match: re.Match[str]) -> str:
    # No star where the number of digits is known: two in a row would go into folders.
    width = _width(match)
    return "[0-9]" * width if width else "[0-9]*"
