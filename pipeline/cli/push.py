"""`seq2seq push`: an older model becomes the served one again."""

from typing import Annotated

import typer

from pipeline.cli.options import ConfigPath, Overrides
from pipeline.cli.quiet import quiet_libraries
from pipeline.cli.refusal import refused
from pipeline.config_file import load_config


def push(
    config: ConfigPath,
    overrides: Overrides,
    version: Annotated[
        str, typer.Option(metavar="VERSION", help="A version that was pushed, as `seq2seq status` lists.")
    ],
) -> None:
    """Roll back: make the model of an older version the newest one again, and record it.

    A model server serves the highest number: the model is pushed anew, under a new version. Exits with 1 when it
    cannot be copied, and with 2 when the version is none that was blessed and pushed, or its model is gone.
    """
    settings = load_config(config, overrides)
    with quiet_libraries():
        from pipeline.lineage.graph import Graph, read_graph  # imports ML Metadata
        from pipeline.metadata_database import connection_of, database_errors, open_store
        from pipeline.roll_back import RollBackError, roll_back

    store = open_store(settings)
    try:
        with refused(RollBackError), database_errors(connection_of(settings)):
            graph = read_graph(store, settings.name) if store else Graph([], [])
            pushed = roll_back(store, graph, settings, version)
    except OSError as error:
        typer.echo(f"error: version {version} cannot be pushed: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"Pushed the model of version {version} as version {pushed.folder.name} to {pushed.folder}")
