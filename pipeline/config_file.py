"""Reading a configuration from YAML, with overrides, and errors that name the key."""

import difflib
import re
from pathlib import Path
from typing import Any, get_args

import pydantic
import yaml

from pipeline.config import Config
from pipeline.metadata_config import without_passwords


class ConfigError(ValueError):
    """A configuration that cannot be used; the message has one line per fault, and no password of an address."""

    def __init__(self, message: str):
        super().__init__(without_passwords(message))


class _StrictLoader(yaml.SafeLoader):
    """YAML that refuses a key given twice, and reads 1e-3 as a number, as YAML 1.2 does."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} is given a second time", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_yaml_timestamp(self, node):
        try:
            return super().construct_yaml_timestamp(node)
        except ValueError as error:
            raise yaml.constructor.ConstructorError(
                None, None, f"{node.value} is no date: {error}", node.start_mark
            ) from error


_StrictLoader.add_constructor("tag:yaml.org,2002:timestamp", _StrictLoader.construct_yaml_timestamp)
_StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def load_config(path: str | Path, overrides: list[str] | None = None) -> Config:
    """Reads a task's configuration.

    Args:
      path: the YAML file.
      overrides: settings of the form `training.epochs=3`, which win over the file's; values are YAML.

    Raises:
      ConfigError: the file is missing or is no YAML mapping, an override has no such form, or a key or value is
        refused.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    settings = _parse(text, str(path))
    if not isinstance(settings, dict):
        raise ConfigError(f"{path}: found {type(settings).__name__}, wanted a mapping of sections")
    for override in overrides or []:
        _override(settings, override)
    try:
        return Config.model_validate(settings)
    except pydantic.ValidationError as error:
        raise ConfigError("\n".join(f"{path}: {line}" for line in _faults(error))) from error


def dump_config(config: Config) -> str:
    """The configuration as YAML, defaults filled in; `load_config` reads it back to an equal one."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _parse(text: str, origin: str) -> Any:
    try:
        return yaml.load(text, Loader=_StrictLoader)
    # What does not fit its tag, as !!int x, is a plain ValueError.
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{origin}:{mark.line + 1}" if mark else origin
        raise ConfigError(f"{place}: {getattr(error, 'problem', None) or error}") from error


def _override(settings: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set {override}: wanted KEY=VALUE, as in training.epochs=3")
    *parents, last = key.split(".")
    place: Any = settings
    for parent in parents:
        place = _descend(place, parent, override)
    parsed = _parse(value, f"--set {override}")
    if isinstance(place, list):
        place[_index(place, last, override)] = parsed
    else:
        place[last] = parsed


def _descend(place: Any, key: str, override: str) -> Any:
    child = place[_index(place, key, override)] if isinstance(place, list) else place.setdefault(key, {})
    if not isinstance(child, dict | list):
        raise ConfigError(f"--set {override}: {key!r} is a value, not a section")
    return child


def _index(place: list, key: str, override: str) -> int:
    if not key.isdecimal() or int(key) >= len(place):
        raise ConfigError(f"--set {override}: {key!r} is no index of a list of {len(place)}")
    return int(key)


def _faults(error: pydantic.ValidationError) -> list[str]:
    lines = []
    for fault in error.errors():
        path = ".".join(str(part) for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            lines.append(f"{path}: unknown key{_suggestion(fault['loc'])}")
        elif fault["type"] == "missing":
            lines.append(f"{path}: this key is needed and was not given")
        elif fault["type"] == "value_error" and isinstance(fault["input"], dict):
            lines.append(f"{path}: {message}" if path else message)
        else:
            lines.append(f"{path}: found {fault['input']!r}: {message[0].lower()}{message[1:]}")
    return lines


def _suggestion(location: tuple[str | int, ...]) -> str:
    *parents, unknown = location
    section: Any = Config
    for part in parents:
        # What is no field is an index of a list, or a key of a mapping: the section is the one of its values.
        if part in section.model_fields:
            section = section_of(section.model_fields[part].annotation)
    allowed = list(section.model_fields)
    close = difflib.get_close_matches(str(unknown), allowed, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"{hint} (allowed: {', '.join(allowed)})"


def section_of(annotation: Any) -> type[pydantic.BaseModel] | None:
    """The section class in a field's annotation (itself, in a list, or optional), or None for a plain value."""
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := section_of(part))), None)
