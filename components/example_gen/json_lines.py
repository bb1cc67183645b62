"""JSON objects, one a line."""

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from components.config.data import DataConfig, InputConfig
from components.example_gen.files import read_lines
from components.example_gen.rows import BadRow, Reason, Row, RowError, attempt, check_weight, decode, make_row

_KINDS = {str: "a text", bool: "true or false", type(None): "null", list: "a list", dict: "an object"}


def read_json_lines(streams: Sequence[BinaryIO], data: DataConfig, entry: InputConfig) -> Iterator[Row | BadRow]:
    """Rows of one file: source a text, target a text or a list of them, slice keys texts or whole numbers,
    the weight a number.
    """
    del entry
    [stream] = streams
    for number, line in enumerate(read_lines(stream), 1):
        yield attempt(_row, number, line, data)


def _row(number: int, line: bytes, data: DataConfig) -> Row:
    found = _parse(line)
    source = _text(found, data.source)
    target = _value(found, data.target)
    references = [_checked(text, data.target) for text in (target if isinstance(target, list) else [target])]
    if not references:
        raise RowError(Reason.EMPTY, "the target is an empty list")
    slices = [_slice(found, key) for key in data.slice_keys]
    weight = None if data.weight is None else _weight(found, data.weight)
    return make_row(number, source, references, slices, weight)


def _parse(line: bytes) -> dict[str, Any]:
    text = decode(line)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RowError(Reason.NO_OBJECT, f"the line is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise RowError(Reason.NO_OBJECT, f"the line is {_kind(found)}, wanted an object")
    return found


def _value(found: dict[str, Any], key: str) -> Any:
    if key not in found:
        raise RowError(Reason.MISSING, f"key {key!r} is missing")
    return found[key]


def _text(found: dict[str, Any], key: str) -> str:
    return _checked(_value(found, key), key)


def _slice(found: dict[str, Any], key: str) -> str:
    value = _value(found, key)
    return str(value) if type(value) is int else _checked(value, key)


def _weight(found: dict[str, Any], key: str) -> float:
    value = _value(found, key)
    if type(value) not in (int, float):
        raise RowError(Reason.WRONG_TYPE, f"{key!r} is {_kind(value)}, wanted a number")
    try:
        weight = float(value)
    except OverflowError:
        weight = math.inf
    return check_weight(weight)


def _checked(value: Any, key: str) -> str:
    """A text that can be written as UTF-8, which the half of a surrogate pair that JSON can escape cannot."""
    if not isinstance(value, str):
        raise RowError(Reason.WRONG_TYPE, f"{key!r} is {_kind(value)}, wanted a text")
    try:
        return decode(value.encode("utf-8", "surrogatepass"))
    except RowError as error:
        raise RowError(error.reason, f"in {key!r} {error.detail}") from error


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "a number")
