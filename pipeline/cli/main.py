"""The `seq2seq` command. TensorFlow and TFX are imported only inside the commands that need them."""

import sys
from typing import Annotated

import typer

from pipeline.cli import (
    beam_args,
    beam_workers,
    compare,
    config,
    demo,
    drift,
    errors,
    example,
    lineage,
    predict,
    prune,
    push,
    report,
    run,
    schema,
    serve,
    status,
    submit,
    translate,
    watch,
)
from pipeline.cli import compile as compile_command
from pipeline.config_file import ConfigError
from pipeline.generation import versions
from pipeline.metadata_config import MetadataError
from pipeline.run_lock import BUSY, BusyError

app = typer.Typer(
    name="seq2seq",
    help="Trains text-to-text models on pairs of text, and serves those that are good enough.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("run")(run.run)
app.command("watch")(watch.watch)
app.command("serve")(serve.serve)
app.command("translate")(translate.translate)
app.command("predict")(predict.predict)
app.command("demo")(demo.demo)
app.command("status")(status.status)
app.command("compile")(compile_command.compile_)
app.command("submit")(submit.submit)
app.command("beam-args")(beam_args.beam_args)
app.command("beam-workers")(beam_workers.beam_workers)
app.command("drift")(drift.drift)
app.command("errors")(errors.errors)
app.command("lineage")(lineage.lineage)
app.command("compare")(compare.compare)
app.command("push")(push.push)
app.command("prune")(prune.prune)
app.command("report")(report.report)
app.add_typer(schema.app, name="schema")
app.add_typer(config.app, name="config")
app.add_typer(example.app, name="example")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(versions())
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    del version  # its callback has done the work


def main() -> None:
    """Runs the command line.

    A configuration that cannot be used ends with status 2, one line per fault; a database of ML Metadata that cannot
    be reached with status 1; a task that another process is at work on with status 4.
    """
    try:
        app()
    except ConfigError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    except MetadataError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
    except BusyError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(BUSY)
