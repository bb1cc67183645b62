"""Placeholders in patterns: the number or the date of a span of data, and the version of a span."""

import datetime
import re

# SPAN and VERSION may have a fixed number of digits.
PLACEHOLDER = re.compile(r"\{(?P<name>SPAN|VERSION|(?:YYYY|MM|DD)(?=\}))(?::(?P<width>[1-9]))?\}")
DATE = ("YYYY", "MM", "DD")

_FIRST_DAY = datetime.date(1970, 1, 1)
_LIKE_ONE = re.compile(r"\{(SPAN|VERSION|YYYY|MM|DD)\b[^{}]*\}")
_ALLOWED = "{SPAN} or {YYYY}, {MM} and {DD}, and {VERSION}; {SPAN:2} and {VERSION:2} have two digits"


def days_since_1970(day: datetime.date) -> int:
    """The number of the span that a date tells."""
    return (day - _FIRST_DAY).days


def date_of(span: int) -> datetime.date | None:
    """The date that is the span of this number; None where the calendar has none."""
    try:
        return _FIRST_DAY + datetime.timedelta(days=span)
    except OverflowError:
        return None


def placeholders(pattern: str) -> list[str]:
    """Names of a pattern's placeholders in their order: SPAN, VERSION, YYYY, MM, DD."""
    return [match["name"] for match in PLACEHOLDER.finditer(pattern)]


def check_placeholders(pattern: str) -> None:
    """Refuses a pattern from whose placeholders a span could not be told.

    Raises:
      ValueError: one of them is misspelt or there twice, or what goes with it is missing; the message says which.
    """
    unknown = _LIKE_ONE.search(PLACEHOLDER.sub("", pattern))
    if unknown:
        raise ValueError(f"{unknown[0]} is not allowed: use {_ALLOWED}")
    names = placeholders(pattern)
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{{{name}}} is there {names.count(name)} times: once is allowed")
    missing = [f"{{{name}}}" for name in DATE if name not in names]
    dated = len(missing) < len(DATE)
    if dated and "SPAN" in names:
        raise ValueError("{SPAN} and a date both tell the span: use one of them")
    if dated and missing:
        raise ValueError(f"{' and '.join(missing)} is missing: a date needs {{YYYY}}, {{MM}} and {{DD}}")
    if "VERSION" in names and not dated and "SPAN" not in names:
        raise ValueError("{VERSION} is there without a span: it needs {SPAN}, or {YYYY}, {MM} and {DD}")
