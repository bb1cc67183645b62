"""`seq2seq lineage`: where a pushed model comes from."""

import enum
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from components.tables import Table
from pipeline.cli.drawing import drawn
from pipeline.cli.options import ConfigPath, Overrides
from pipeline.cli.quiet import quiet_libraries
from pipeline.cli.refusal import refused
from pipeline.config import Config
from pipeline.config_file import load_config

if TYPE_CHECKING:
    from pipeline.lineage.graph import Graph

_CODE_SHOWN = 12
_HASH_SHOWN = 16


class Format(str, enum.Enum):
    """What `--format` takes."""

    TABLE = "table"
    JSON = "json"
    DOT = "dot"


def lineage(
    config: ConfigPath,
    overrides: Overrides,
    version: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL_VERSION]", help="A pushed version.  [default: the last push]", show_default=False
        ),
    ] = None,
    output_format: Annotated[
        Format, typer.Option("--format", help="table, json, or dot, which Graphviz reads.")
    ] = Format.TABLE,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw it with Graphviz into this file, and print nothing.")
    ] = None,
) -> None:
    """Show where a pushed model comes from: data files, schema, vocabulary, code, configuration, evaluation.

    Exits with 2 where no such version was pushed, or the picture cannot be drawn.
    """
    graph = read_task_graph(load_config(config, overrides))
    from pipeline.lineage.picture import PictureError, draw, to_dot
    from pipeline.lineage.trace import UnknownVersionError, find_push, summary, trace

    with refused(UnknownVersionError, PictureError):
        found = trace(graph, find_push(graph, version))
        if picture:
            draw(to_dot(found), picture)
            return
    if output_format is Format.DOT:
        typer.echo(to_dot(found), nl=False)
    elif output_format is Format.JSON:
        typer.echo(json.dumps(summary(found), ensure_ascii=False, indent=2))
    else:
        console = Console(highlight=False)
        for table in _tables(summary(found)):
            console.print(drawn(table))


def read_task_graph(config: Config) -> "Graph":
    """What ML Metadata has of a task; nothing before its first run.

    Raises:
      MetadataError: the database cannot be reached.
    """
    with quiet_libraries():
        from pipeline.lineage.graph import Graph, read_graph  # imports ML Metadata
        from pipeline.metadata_database import connection_of, database_errors, open_store

    store = open_store(config)
    if store is None:
        return Graph([], [])
    with database_errors(connection_of(config)):
        return read_graph(store, config.name)


def _tables(found: dict[str, Any]) -> list[Table]:
    tables = [Table(f"Version {found['version']}", ["what", "where from"], _rows(found))]
    if found["data"]:
        files = [[file["path"], f"{file['bytes']:,}", file["changed"]] for file in found["data"]["files"]]
        tables.append(Table("Files of the data", ["file", "bytes", "last change"], files))
    code = [[node, version[:_CODE_SHOWN]] for node, version in found["code"].items()]
    tables.append(Table("Code", ["component", "fingerprint"], code))
    settings = [[key, _told(value)] for key, value in sorted(found["config"].items())]
    tables.append(Table("Configuration", ["key", "value"], settings))
    return tables


def _rows(found: dict[str, Any]) -> list[list[str]]:
    rows = [["pushed", f"{found['pushed']} to {found['folder']}, run {found['run']}"]]
    if found["rolled_back_to"]:
        rows.append(["roll-back", f"to version {found['rolled_back_to']}"])
    if model := found["model"]:
        start = f", from {model['warm_start_from']}" if model["warm_start_from"] else ""
        rows.append(["model", f"{model['uri']}, trained {model['trained']}, run {model['run']}{start}"])
    if evaluation := found["evaluation"]:
        rows.append(["evaluation", f"{evaluation['uri']}, run {evaluation['run']}"])
        on_server = {None: "", True: ", and on the server", False: ", but not on the server"}
        blessed = "yes" if evaluation["blessed"] else "no"
        rows.append(["blessed", f"{blessed}{on_server[evaluation['blessed_on_server']]}"])
        rows.append(["compared with", evaluation["compared_with"] or "no earlier model"])
    if data := found["data"]:
        rows.append(["examples", f"{data['uri']}, run {data['run']}"])
        rows.append(["passed the data gate", data["passed_gate"] or "no"])
        rows += [["input", _input(each)] for each in data["inputs"]]
        rows.append(["span", _span(data)] if data["span"] else ["folder of the data", data["folder"]])
    if schema := found["schema"]:
        kind = "reviewed" if schema["reviewed"] else "inferred"
        rows.append(["schema", f"{kind}, {schema['uri']}, SHA-256 {_short(schema['sha256'])}"])
    rows += [["vocabulary", f"{each['file']}, SHA-256 {_short(each['sha256'])}"] for each in found["vocabulary"]]
    return rows


def _span(data: dict[str, Any]) -> str:
    return str(data["span"]) if data["version"] is None else f"{data['span']}, version {data['version']}"


def _input(entry: dict[str, Any]) -> str:
    patterns = " with ".join(pattern for pattern in (entry["pattern"], entry["target_pattern"]) if pattern)
    shares = ", ".join(f"{split} {share}" for split, share in entry["splits"].items())
    return f"{patterns} to {shares}"


def _short(digest: str | None) -> str:
    return f"{digest[:_HASH_SHOWN]}…" if digest else "unknown: the file is gone"


def _told(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
