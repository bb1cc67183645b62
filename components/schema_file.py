"""The reviewed schema: a file for people and TFX alike, and in words what it says."""

from pathlib import Path

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_checks.anomaly import percent, printable
from components.data_checks.bounds import is_bounds
from components.tables import Table
from components.whole_file import whole_file

_HEADER = """\
# What an example of this task must be, and what the tokens of its texts must be: a Schema of tensorflow_metadata.
# Written by `seq2seq schema infer` from the data of that day. Review it, change it, keep it beside the configuration.
"""

# The longest list of values that a table shows.
_VALUES_SHOWN = 12


class SchemaError(ValueError):
    """A schema that cannot be used; the message names the file."""


def write_schema(schema: schema_pb2.Schema, path: Path) -> None:
    """Writes a schema in the text format of Protocol Buffers; a file that is there is replaced in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write_text(_HEADER + text_format.MessageToString(schema, as_utf8=True), encoding="utf-8")


def read_schema(path: Path) -> schema_pb2.Schema:
    """Reads a schema.

    Raises:
      SchemaError: the file cannot be read, is no schema, or describes nothing.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SchemaError(f"{path}: cannot be read: {error}") from error
    try:
        schema = text_format.Parse(text, schema_pb2.Schema())
    except text_format.ParseError as error:
        raise SchemaError(f"{path}:{error}: it is no Schema in the text format of Protocol Buffers") from error
    if not schema.feature:
        raise SchemaError(f"{path}: there is no feature in it")
    return schema


def schema_table(schema: schema_pb2.Schema, title: str) -> Table:
    """What a schema says, a row per feature and property."""
    rows = [
        (name, prop, value) for name, properties in _properties(schema).items() for prop, value in properties.items()
    ]
    return Table(title, ("feature", "property", "allowed"), rows)


def difference_table(reviewed: schema_pb2.Schema, data: schema_pb2.Schema, title: str) -> Table:
    """Where the schema of the data is another one, a row per feature and property; no rows where they agree."""
    ours, theirs = _properties(reviewed), _properties(data)
    rows = []
    for name in dict.fromkeys([*ours, *theirs]):
        before, now = ours.get(name, {}), theirs.get(name, {})
        rows += [
            (name, prop, before.get(prop, "-"), now.get(prop, "-"))
            for prop in dict.fromkeys([*before, *now])
            if before.get(prop) != now.get(prop)
        ]
    return Table(title, ("feature", "property", "reviewed schema", "data"), rows)


def _properties(schema: schema_pb2.Schema) -> dict[str, dict[str, str]]:
    domains = {domain.name: list(domain.value) for domain in schema.string_domain}
    return {feature.name: _properties_of(feature, domains) for feature in schema.feature}


def _properties_of(feature: schema_pb2.Feature, domains: dict[str, list[str]]) -> dict[str, str]:
    if is_bounds(feature):
        properties = {"tokens of a text": _range(feature.value_count)}
        coverage = feature.natural_language_domain.coverage
        if coverage.HasField("min_coverage"):
            properties["unknown tokens of a split"] = f"at most {percent(1 - coverage.min_coverage)}"
        return properties
    properties = {
        "type": schema_pb2.FeatureType.Name(feature.type).lower(),
        "share of the examples that have it": f"at least {percent(feature.presence.min_fraction)}",
        "values of an example": "1" if feature.HasField("shape") else _range(feature.value_count),
    }
    values = domains.get(feature.domain, list(feature.string_domain.value))
    if values:
        properties["values"] = _listed(values)
    return properties


def _range(count: schema_pb2.ValueCount) -> str:
    if count.HasField("min") and count.HasField("max"):
        return f"{count.min:,} to {count.max:,}"
    if count.HasField("max"):
        return f"at most {count.max:,}"
    return f"at least {count.min:,}" if count.HasField("min") else "any number"


def _listed(values: list[str]) -> str:
    shown = ", ".join(printable(value) for value in values[:_VALUES_SHOWN])
    return shown if len(values) <= _VALUES_SHOWN else f"{shown} and {len(values) - _VALUES_SHOWN:,} more"
