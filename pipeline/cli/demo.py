"""`seq2seq demo`: a page for people, in front of a model server."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.quiet import quiet_libraries, silent_stderr
from pipeline.config_file import load_config


def demo(
    config: Annotated[Path | None, typer.Option(help="Task whose model name is asked for.")] = None,
    address: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where the model server is.")] = "localhost:8500",
    model: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the model.  [default: seq2seq]")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page; 0 takes one that is free.")] = 8080,
    host: Annotated[
        str, typer.Option(help="Address that the page listens on; 0.0.0.0 is all of the machine's.")
    ] = "localhost",
    deadline: Annotated[float, typer.Option(min=0.001, help="Seconds that one call of the model may take.")] = 60.0,
) -> None:
    """Serve a page that shows the model at work: tokens as they come, candidates with scores, and the attention.

    The model server need not run yet: the page says so when it does not answer. Ctrl-C or SIGTERM ends the command.
    Exits with 1 when the port is taken.
    """
    if config:
        model = model or load_config(config).serving.model_name
    with quiet_libraries(), silent_stderr():
        from serving.client.connection import Connection, Retry  # imports TensorFlow
        from serving.client.predictor import ModelAddress
        from serving.demo.app import create_app
        from serving.demo.server import listen, run

    # Whoever looks at a page would rather know soon that there is no server.
    connection = Connection(address, deadline_seconds=deadline, retry=Retry(attempts=3))
    name = model or "seq2seq"
    try:
        sockets = listen(host, port)
    except OSError as error:
        typer.echo(f"error: cannot listen on {host}:{port}: {error.strerror}", err=True)
        raise typer.Exit(1) from error
    page = f"http://{f'[{host}]' if ':' in host else host}:{sockets[0].getsockname()[1]}"
    typer.echo(f"Page of model {name} on {page} (model server {address})")
    run(create_app(connection, ModelAddress(name)), sockets)
