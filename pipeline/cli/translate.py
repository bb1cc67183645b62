"""`seq2seq translate`: lines of text to a model server, and its translations back."""

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from pipeline.cli.quiet import quiet_libraries
from pipeline.config_file import load_config

# Lines that are read before any is sent: enough for a server to get them in batches of like length.
_MOST_LINES = 1024
_LINE_BREAKS = bytes.maketrans(b"\r\n", b"  ")


def translate(
    texts: Annotated[
        list[str], typer.Argument(metavar="[TEXT]...", help="Texts; without any, lines are read.", show_default=False)
    ] = (),
    file: Annotated[Path | None, typer.Option(help="Read lines from this file, not from standard input.")] = None,
    config: Annotated[Path | None, typer.Option(help="Task whose model name is asked for.")] = None,
    address: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where the server is.")] = "localhost:8500",
    model: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the model.  [default: seq2seq]")] = None,
    step: Annotated[bool, typer.Option("--step", help="Decode on this side, one step of the model at a time.")] = False,
    show_source: Annotated[
        bool, typer.Option("--show-source", help="Print the source before the translation, and a tab between.")
    ] = False,
    batch_size: Annotated[int, typer.Option(min=1, max=4096, help="Most texts in one request.")] = 64,
    deadline: Annotated[float, typer.Option(min=0.001, help="Seconds that one request may take.")] = 60.0,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for a server to listen.")] = 30.0,
) -> None:
    """Translate texts with the model of a server, one line of output for each line of input.

    Input is UTF-8; what is not valid in it, the model reads as U+FFFD. An empty line is a text like any other. A line
    break inside a translation is printed as a space. Exits with 1 when the server cannot be reached or refuses.
    """
    if texts and file:
        raise typer.BadParameter("TEXT and --file are both given: give one of them")
    if config:
        model = model or load_config(config).serving.model_name
    with quiet_libraries():
        from serving.client import ClientError, Connection, TranslationClient  # imports TensorFlow
        from serving.step import GreedyDecoder

    client = TranslationClient(
        Connection(address, deadline_seconds=deadline), model=model or "seq2seq", most_texts=batch_size
    )
    decoder = GreedyDecoder(client.predictor, most_texts=batch_size)
    call: Callable[[Sequence[bytes]], Sequence] = decoder.decode if step else client.translate
    try:
        with client:
            client.predictor.wait_until_reachable(wait)
            for lines in _groups(texts, file):
                for line, answer in zip(lines, call(lines), strict=True):
                    _print(line if show_source else None, answer.text)
                sys.stdout.flush()
    except ClientError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    except BrokenPipeError:
        # Whoever reads has enough, as in `| head`. What is still buffered must not fail at exit.
        sys.stdout = None
        raise typer.Exit(0) from None


def _groups(texts: Sequence[str], file: Path | None) -> Iterator[list[bytes]]:
    from serving.lines import available_lines

    if texts:
        yield [text.encode("utf-8", "surrogateescape") for text in texts]
        return
    yield from available_lines(_open(file), _MOST_LINES)


def _open(file: Path | None) -> BinaryIO:
    if file is None:
        return sys.stdin.buffer
    try:
        return io.BufferedReader(io.FileIO(file))
    except OSError as error:
        typer.echo(f"error: {file}: {error.strerror}", err=True)
        raise typer.Exit(1) from error


def _print(source: bytes | None, translation: str) -> None:
    line = translation.encode("utf-8")
    if source is not None:
        line = source + b"\t" + line
    sys.stdout.buffer.write(line.translate(_LINE_BREAKS) + b"\n")
