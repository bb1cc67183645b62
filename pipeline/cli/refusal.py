"""How a command says that what it was asked for cannot be had: one line, and exit status 2."""

import contextlib
from collections.abc import Iterator
from typing import NoReturn

import typer

UNUSABLE = 2


def refuse(message: str) -> NoReturn:
    """Ends the command with a message.

    Raises:
      typer.Exit: always.
    """
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(UNUSABLE)


@contextlib.contextmanager
def refused(*kinds: type[Exception]) -> Iterator[None]:
    """Ends the command with the message of an error of these kinds in the block.

    Raises:
      typer.Exit: there was one.
    """
    try:
        yield
    except kinds as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(UNUSABLE) from error
