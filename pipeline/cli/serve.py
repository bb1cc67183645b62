"""`seq2seq serve`: a local model server on the newest pushed model of a task."""

import contextlib
import logging
import signal
import threading
from collections.abc import Iterator
from typing import Annotated

import typer

from pipeline.cli.options import ConfigPath, Overrides
from pipeline.cli.quiet import quiet_libraries
from pipeline.config_file import load_config
from pipeline.workspace import Workspace


def serve(
    config: ConfigPath,
    overrides: Overrides,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 is all of the machine's.")] = "localhost",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of gRPC; 0 takes one that is free.")] = 8500,
    file_system_poll_wait_seconds: Annotated[
        float, typer.Option(min=0, help="Seconds between looks for newly pushed versions; 0: look once.")
    ] = 1.0,
) -> None:
    """Serve the newest pushed model over gRPC, as TensorFlow Serving does.

    A version that is pushed meanwhile takes the place of the one that is served. Ctrl-C or SIGTERM ends the server,
    once the calls under way are answered. Exits with 1 when there is no model, or the port is taken.
    """
    settings = load_config(config, overrides)
    served = Workspace.of(settings).served
    if not served.is_dir() or not any(child.name.isdecimal() for child in served.iterdir()):
        _fail(f"nothing has been pushed to {served} yet: seq2seq run {config} does that")
    with quiet_libraries():
        from serving.server.errors import ServingError  # imports TensorFlow
        from serving.server.models import LoadSettings
        from serving.server.server import ModelServer, PortError, ServerOptions, single_model

    options = ServerOptions(
        host=host, port=port, load=LoadSettings(poll_seconds=file_system_poll_wait_seconds, retries=0)
    )
    name = settings.serving.model_name
    with _warnings_shown():
        try:
            server = ModelServer([single_model(name, served)], options)
        except PortError as error:
            _fail(str(error))
        except ServingError as error:
            _fail(error.message)
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        versions = ", ".join(str(version) for version in server.available_versions(name))
        typer.echo(f"Serving {name} version {versions} on {host}:{server.port} (gRPC)")
        stop.wait()
        server.stop()


def _fail(message: str) -> None:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(1)


@contextlib.contextmanager
def _warnings_shown() -> Iterator[None]:
    """Shows what the server has to say of versions that it cannot load."""
    logger = logging.getLogger("seq2seq.server")
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
