"""`seq2seq beam-workers`: a pool of workers beside a machine of an engine."""

from typing import Annotated

import typer

from pipeline.cli.quiet import quiet_libraries
from pipeline.config_file import ConfigError


def beam_workers(
    address: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where to listen.")] = "localhost:50000",
) -> None:
    """Start workers for Beam jobs as an engine asks for them, until interrupted.

    For workers.environment: pool. The workers are processes of this installation. One pool for each TaskManager of
    Flink: an engine names its workers, and two that share a pool give the same names.
    """
    with quiet_libraries():
        from pipeline.runners.worker_pool import serve_workers
    typer.echo(f"Workers for Beam jobs at {address}")
    try:
        serve_workers(address)
    except OSError as error:
        raise ConfigError(str(error)) from error
