"""`seq2seq report`: where the report of a run is, or a copy of it."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from components.report.rendering import CARD, PAGE
from components.whole_file import whole_file
from pipeline.cli.options import ConfigPath, Overrides
from pipeline.cli.quiet import quiet_libraries
from pipeline.cli.refusal import refused
from pipeline.cli.wanted_run import run_with
from pipeline.config_file import load_config


def report(
    config: ConfigPath,
    overrides: Overrides,
    run: Annotated[
        str | None, typer.Option(metavar="RUN", help="Id of a run.  [default: the newest that has a report]")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Copy the page to this file; the model card, where its name ends in .md."),
    ] = None,
) -> None:
    """Print where the report of a run is, a page of HTML and a model card in Markdown, or copy one of them.

    Exits with 2 where there is no such run, or it has no report.
    """
    settings = load_config(config, overrides)
    with refused(ValueError, OSError):
        with quiet_libraries():
            from pipeline.history import read_runs
        folder = Path(run_with("report", settings.name, read_runs(settings), run).report_uri)
        if output is None:
            typer.echo(folder / PAGE)
            typer.echo(folder / CARD)
            return
        with whole_file(output) as copy:
            shutil.copyfile(folder / (CARD if output.suffix == ".md" else PAGE), copy)
        typer.echo(output)
