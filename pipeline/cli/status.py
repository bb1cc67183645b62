"""`seq2seq status`: runs, blessings and pushed versions of a task."""

from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from components.report.rendering import PAGE
from pipeline.cli.options import ConfigPath, Overrides
from pipeline.cli.quiet import quiet_libraries
from pipeline.config_file import load_config
from pipeline.workspace import Workspace


def status(config: ConfigPath, overrides: Overrides) -> None:
    """List a task's runs, whether their models were blessed, which versions were pushed, and where the reports are."""
    with quiet_libraries():
        from pipeline.history import read_runs  # imports ML Metadata

    settings = load_config(config, overrides)
    workspace = Workspace.of(settings)
    runs = read_runs(settings)
    console = Console(highlight=False)
    if not runs:
        console.print(f"No runs yet in {workspace.root}")
        return
    # In 80 columns nothing is cut off, and "completed" has its place.
    whole = [Column(title, no_wrap=True) for title in ("run", "started (UTC)")]
    wrapped = [Column("state", overflow="fold"), Column("blessed", max_width=len("blessed"))]
    table = Table(*whole, *wrapped, Column("pushed", no_wrap=True))
    for run in runs:
        blessed = {None: "", True: "yes", False: "no"}[run.blessed]
        if run.blessed and run.infra_blessed is False:
            blessed = "no: failed on the server"
        failed = [node for node, state in run.nodes.items() if state == "failed"]
        cached = sum(state == "cached" for state in run.nodes.values())
        state = f"{run.state} ({', '.join(failed)})" if failed else run.state
        if run.rolled_back_to:
            state = f"roll-back to {run.rolled_back_to}"
        table.add_row(
            run.run_id,
            f"{run.started:%Y-%m-%d %H:%M}",
            f"{state}, {cached} of {len(run.nodes)} from cache" if cached else state,
            blessed,
            run.pushed_version or "",
        )
    console.print(table)
    # Below the table, which has no room for paths; a report that was deleted is left out.
    for run in runs:
        if run.report_uri and (page := Path(run.report_uri, PAGE)).exists():
            console.print(f"Report of {run.run_id}: {page}", soft_wrap=True)
    console.print(f"Served from {workspace.served}: {', '.join(_versions(workspace.served)) or 'nothing yet'}")


def _versions(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted((child.name for child in folder.iterdir() if child.name.isdecimal()), key=int)
