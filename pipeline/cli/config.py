"""`seq2seq config`: the configuration as the program sees it."""

import typer

from pipeline.cli.options import ConfigPath, Overrides
from pipeline.config_file import dump_config, load_config
from pipeline.config_reference import config_reference

app = typer.Typer(help="Check and show configurations.", no_args_is_help=True)


@app.command()
def show(config: ConfigPath, overrides: Overrides) -> None:
    """Print the whole configuration, defaults filled in."""
    typer.echo(dump_config(load_config(config, overrides)), nl=False)


@app.command()
def reference() -> None:
    """Print the reference of all keys, as Markdown."""
    typer.echo(config_reference(), nl=False)
