"""`seq2seq serve`: a local model server on the newest pushed model of a task."""

import contextlib
import logging
import signal
import threading
from collections.abc import Iterator
from typing import Annotated

import typer

from pipeline.cli.options import ConfigPath, Overrides
from pipeline.cli.quiet import quiet_libraries, silent_stderr
from pipeline.config_file import load_config
from pipeline.workspace import Workspace


def serve(
    config: ConfigPath,
    overrides: Overrides,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 is all of the machine's.")] = "localhost",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of gRPC; 0 takes one that is free.")] = 8500,
    rest_api_port: Annotated[
        int, typer.Option("--rest_api_port", min=0, max=65535, help="Port of the REST API; 0: none.")
    ] = 0,
    enable_batching: Annotated[
        bool, typer.Option("--enable_batching", help="Merge requests into batches on the server.")
    ] = False,
    batching_parameters_file: Annotated[
        str, typer.Option("--batching_parameters_file", metavar="FILE", help="BatchingParameters as text.")
    ] = "",
    monitoring_config_file: Annotated[
        str, typer.Option("--monitoring_config_file", metavar="FILE", help="MonitoringConfig: the page of metrics.")
    ] = "",
    ssl_config_file: Annotated[
        str, typer.Option("--ssl_config_file", metavar="FILE", help="SSLConfig as text: serves gRPC over TLS.")
    ] = "",
    file_system_poll_wait_seconds: Annotated[
        float,
        typer.Option("--file_system_poll_wait_seconds", min=0, help="Between looks for new versions; 0: look once."),
    ] = 1.0,
) -> None:
    """Serve the newest pushed model over gRPC and REST, as TensorFlow Serving does.

    A version that is pushed meanwhile takes the place of the one that is served. Ctrl-C or SIGTERM ends the server,
    once the calls under way are answered. Exits with 1 when there is no model, or the port is taken.
    """
    settings = load_config(config, overrides)
    served = Workspace.of(settings).served
    if not served.is_dir() or not any(child.name.isdecimal() for child in served.iterdir()):
        _fail(f"nothing has been pushed to {served} yet: seq2seq run {config} does that")
    with quiet_libraries(), silent_stderr():
        from serving.server.errors import ServingError  # imports TensorFlow
        from serving.server.flags import parse_flags
        from serving.server.server import ModelServer, PortError
        from serving.server.text_protos import ConfigFileError

    name = settings.serving.model_name
    flags = [
        *(f"--model_name={name}", f"--model_base_path={served}", f"--host={host}", f"--port={port}"),
        *(f"--rest_api_port={rest_api_port}", f"--enable_batching={enable_batching}"),
        *(f"--batching_parameters_file={batching_parameters_file}", f"--ssl_config_file={ssl_config_file}"),
        *(f"--monitoring_config_file={monitoring_config_file}", "--enable_grpc_healthcheck_service"),
        # A version that cannot be loaded is told of at once, not after five minutes.
        *(f"--file_system_poll_wait_seconds={file_system_poll_wait_seconds}", "--max_num_load_retries=0"),
    ]
    with _warnings_shown():
        try:
            models, options, _ = parse_flags(flags)
            server = ModelServer(models, options)
        except (ConfigFileError, PortError) as error:
            _fail(str(error))
        except ServingError as error:
            _fail(error.message)
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        versions = ", ".join(str(version) for version in server.available_versions(name))
        rest = f", REST on {host}:{server.rest_port}" if server.rest_port else ""
        typer.echo(f"Serving {name} version {versions} on {host}:{server.port} (gRPC){rest}")
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
