"""`seq2seq schema`: what an example of a task must be, inferred once, reviewed, and then held to."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pipeline.cli.drawing import drawn
from pipeline.cli.options import ConfigPath, Overrides
from pipeline.cli.quiet import quiet_libraries
from pipeline.cli.refusal import refuse, refused
from pipeline.cli.run_session import run_watched, watched
from pipeline.config import Config
from pipeline.config_file import load_config
from pipeline.run_lock import only_one
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2

DIFFERENT = 1

app = typer.Typer(help="Infer, show and compare the schema of a task's data.", no_args_is_help=True)


@app.command()
def infer(
    config: ConfigPath,
    overrides: Overrides,
    output: Annotated[
        Path | None,
        typer.Option(help="File to write.  [default: data.schema_file, else CONFIG's name with .schema.pbtxt]"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write the schema that the data has today, to be reviewed.

    Reads and describes the data; a run after that takes these steps from the cache. Exits with 1 when a step failed,
    and with 2 when the file is there already.
    """
    settings = load_config(config, overrides)
    path = output or Path(settings.data.schema_file or config.with_suffix(".schema.pbtxt"))
    if path.exists() and not force:
        refuse(f"{path} is there already; --force replaces it")
    schema, console = _infer(settings)
    from components.schema_file import schema_table, write_schema

    write_schema(schema, path)
    console.print(drawn(schema_table(schema, f"Schema in {path}")))
    if settings.data.schema_file is None or Path(settings.data.schema_file) != path:
        console.print(f"Review it, and set data.schema_file: {path}", soft_wrap=True)


@app.command()
def show(config: ConfigPath, overrides: Overrides) -> None:
    """Show the reviewed schema as a table."""
    settings = load_config(config, overrides)
    schema = _reviewed(settings)
    from components.schema_file import schema_table

    Console(highlight=False).print(drawn(schema_table(schema, f"Schema in {settings.data.schema_file}")))


@app.command()
def diff(config: ConfigPath, overrides: Overrides) -> None:
    """Show where the data of today would give another schema than the reviewed one.

    Exits with 0 where they agree, and with 1 where they do not or a step failed.
    """
    settings = load_config(config, overrides)
    reviewed = _reviewed(settings)
    schema, console = _infer(settings)
    from components.schema_file import difference_table

    table = difference_table(reviewed, schema, f"Differences between {settings.data.schema_file} and the data")
    if not table.rows:
        console.print(f"{settings.data.schema_file} is what the data would give.", soft_wrap=True)
        return
    console.print(drawn(table))
    raise typer.Exit(DIFFERENT)


def _reviewed(config: Config) -> "schema_pb2.Schema":
    if config.data.schema_file is None:
        refuse("data.schema_file is not set; `seq2seq schema infer` writes such a file")
    with quiet_libraries():
        from components.schema_file import SchemaError, read_schema
    with refused(SchemaError):
        return read_schema(Path(config.data.schema_file))


def _infer(config: Config) -> tuple["schema_pb2.Schema", Console]:
    workspace = Workspace.of(config)
    with only_one(workspace.run_lock, config.name, "run"), watched(config) as console:
        # TFX writes while it is imported: here that goes to the log.
        from components.schema_file import read_schema
        from pipeline.history import read_run
        from pipeline.ingestion import create_description_pipeline

        run_id = run_watched(create_description_pipeline(config))
        [path] = Path(read_run(config, run_id).schema_uri).iterdir()
        return read_schema(path), console
