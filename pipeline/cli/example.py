"""`seq2seq example`: data to try the pipeline with."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.refusal import refused

app = typer.Typer(help="Make data for the example tasks.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `dates` a command of its own although it is the only one."""


@app.command()
def dates(
    output: Annotated[Path, typer.Option(help="Folder to write train.tsv, eval.tsv and test.tsv to.")] = Path(
        "data/dates"
    ),
    count: Annotated[int, typer.Option(min=1000, help="Pairs to make, all splits together.")] = 44_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same files, byte by byte.")] = 1,
) -> None:
    """Dates as people write them in many locales, paired with ISO 8601."""
    from pipeline.examples.dates import write_dates

    with refused(OSError, ValueError):
        counts = write_dates(output, count=count, seed=seed)
    for path, lines in counts.items():
        typer.echo(f"{path}: {lines:,} pairs")
