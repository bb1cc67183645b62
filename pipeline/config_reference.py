"""The reference of all configuration keys, written from the descriptions that the sections carry."""

import typing
from types import UnionType
from typing import Any

import pydantic
from pydantic_core import PydanticUndefined

from pipeline.config import Config
from pipeline.config_file import section_of

# How one of several sections is named.
_EACH = {list: "[]", dict: ".KEY"}
_BOUNDS = {"Ge": "≥", "Gt": ">", "Le": "≤", "Lt": "<"}


def config_reference() -> str:
    """Renders every key with its type, range, default and meaning, as Markdown."""
    sections = [("", Config), *_sections(Config, "")]
    lines = [
        "# Configuration reference",
        "",
        "One YAML file describes one task. Written by `seq2seq config reference` from the descriptions in the code.",
    ]
    first_titles = {section: title for title, section in reversed(sections)}
    for title, section in sections:
        # Deep down a section that is there already is only referred to.
        if first_titles[section] != title and "." in title:
            continue
        heading = ["", f"## {title}"] if title else []
        lines += [*heading, "", *_table(section, f"{title}." if title else "", first_titles)]
    return "\n".join(lines) + "\n"


def _sections(section: type[pydantic.BaseModel], prefix: str) -> list[tuple[str, type[pydantic.BaseModel]]]:
    found = []
    for name, field in section.model_fields.items():
        below = section_of(field.annotation)
        if below:
            title = _title(prefix, name, field)
            found += [(title, below), *_sections(below, f"{title}.")]
    return found


def _title(prefix: str, name: str, field: pydantic.fields.FieldInfo) -> str:
    return f"{prefix}{name}{_EACH.get(typing.get_origin(field.annotation), '')}"


def _table(
    section: type[pydantic.BaseModel], prefix: str, first_titles: dict[type[pydantic.BaseModel], str]
) -> list[str]:
    rows = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for name, field in section.model_fields.items():
        # A row is one line; docstrings have several.
        meaning = " ".join((field.description or "").split()).replace("|", "\\|")
        below = section_of(field.annotation)
        kind = f"{_type(field.annotation)}{_range(field.metadata)}" if below is None else "section"
        if below and prefix and first_titles[below] != _title(prefix, name, field):
            kind = f"section, as `{first_titles[below]}`"
        rows.append(f"| `{prefix}{name}` | {kind} | {_default(field)} | {meaning} |")
    return rows


def _type(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return " \\| ".join(f"`{value}`" for value in arguments)
    if origin in (typing.Union, UnionType):
        return " or ".join("none" if part is type(None) else _type(part) for part in arguments)
    if origin is list:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"mapping of {_type(arguments[0])} to {_type(arguments[1])}"
    return {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}[annotation.__name__]


def _range(metadata: list[Any]) -> str:
    bounds = [
        f"{_BOUNDS[type(item).__name__]} {getattr(item, type(item).__name__.lower())}"
        for item in metadata
        if type(item).__name__ in _BOUNDS
    ]
    return f", {', '.join(bounds)}" if bounds else ""


def _default(field: pydantic.fields.FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "needed"
    if isinstance(field.default, pydantic.BaseModel):
        return ""
    if field.default is None:
        return "none"
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
