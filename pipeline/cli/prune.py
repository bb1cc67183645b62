"""`seq2seq prune`: deletes what no model that is kept depends on."""

from typing import Annotated

import typer
from rich.console import Console
from rich.filesize import decimal

from components.tables import Table
from pipeline.cli.drawing import drawn
from pipeline.cli.options import ConfigPath, Overrides
from pipeline.cli.quiet import quiet_libraries
from pipeline.config_file import load_config
from pipeline.run_lock import only_one
from pipeline.workspace import Workspace


def prune(
    config: ConfigPath,
    overrides: Overrides,
    keep: Annotated[int, typer.Option(min=1, help="How many blessed models, and how many pushed ones, are kept.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete; without it only a table of what would go is shown.")
    ] = False,
) -> None:
    """Delete artifacts that none of the newest models, nor the served one, nor the newest run depends on.

    Versions in the folder of the model server stay. What is deleted stays recorded, as deleted. Exits with 1 when
    something cannot be deleted, and with 4 when a run of the task is under way.
    """
    settings = load_config(config, overrides)
    with quiet_libraries():
        from pipeline.lineage.graph import read_graph  # imports ML Metadata
        from pipeline.metadata_database import connection_of, database_errors, open_store
        from pipeline.pruning import delete, doomed

    console = Console(highlight=False)
    store = open_store(settings)
    with only_one(Workspace.of(settings).run_lock, settings.name, "pruned"), database_errors(connection_of(settings)):
        found = doomed(read_graph(store, settings.name), settings, keep) if store else []
        if not found:
            console.print("Nothing to delete.")
            return
        rows = [[each.artifact.kind, each.node, each.run_id, each.artifact.uri, decimal(each.bytes)] for each in found]
        total = f"{len(found)} artifacts, {decimal(sum(each.bytes for each in found))}"
        if not yes:
            console.print(drawn(Table("Would be deleted", ["artifact", "component", "run", "folder", "size"], rows)))
            console.print(f"{total} would be deleted; --yes deletes them.")
            return
        try:
            for _ in delete(store, [each.artifact for each in found]):
                pass
        except OSError as error:
            typer.echo(f"error: {error}; call it again to delete the rest", err=True)
            raise typer.Exit(1) from error
    console.print(f"Deleted {total}.")
