"""`seq2seq translate`: lines of text to a model server, and its translations back."""

import contextlib
import dataclasses
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from pipeline.cli.quiet import quiet_libraries, silent_stderr
from pipeline.cli.translation_output import OutputFormat
from pipeline.config import Config
from pipeline.config_file import load_config

if TYPE_CHECKING:
    from serving.client import Translation, TranslationClient
    from serving.step import StepDecoder

# Lines that are read before any is sent: enough for a server to get them in batches of like length.
_MOST_LINES = 1024


def translate(
    texts: Annotated[
        list[str], typer.Argument(metavar="[TEXT]...", help="Texts; without any, lines are read.", show_default=False)
    ] = (),
    file: Annotated[Path | None, typer.Option(help="Read lines from this file, not from standard input.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="Task that gives the model's name, and the settings of --step.")
    ] = None,
    address: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where the server is.")] = "localhost:8500",
    model: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the model.  [default: seq2seq]")] = None,
    step: Annotated[bool, typer.Option("--step", help="Decode on this side, one step of the model at a time.")] = False,
    beam_size: Annotated[
        int | None, typer.Option(min=1, max=100, help="With --step: hypotheses to follow; 1 is greedy.")
    ] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="Print each translation as it is decided, by steps on this side.")
    ] = False,
    n_best: Annotated[
        int | None, typer.Option(min=1, max=100, help="Print so many translations, numbered, each on its line.")
    ] = None,
    scores: Annotated[bool, typer.Option("--scores", help="Print the score before each translation.")] = False,
    alignment: Annotated[bool, typer.Option("--alignment", help="Print a table of the attention below each.")] = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print a JSON object for each text.")] = False,
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
    if stream and (n_best or scores or alignment or jsonl):
        raise typer.BadParameter("--stream prints the best translation alone")
    if beam_size and not (step or stream):
        raise typer.BadParameter("--beam-size is a setting of --step: a served model has its own")
    task = load_config(config) if config else None
    name = model or (task.serving.model_name if task else "seq2seq")
    output = OutputFormat(n_best, scores, alignment, jsonl, show_source)
    with quiet_libraries(), silent_stderr():
        from serving.client import Batching, ClientError, Connection, TranslationClient  # imports TensorFlow

    client = TranslationClient(Connection(address, deadline_seconds=deadline), name, Batching(batch_size))
    try:
        with client:
            client.predictor.wait_until_reachable(wait)
            if stream:
                _print_streams(_decoder(client, task, beam_size, output, batch_size), _groups(texts, file), show_source)
            else:
                decoder = _decoder(client, task, beam_size, output, batch_size) if step else None
                _print_all(_translator(client, decoder, output), _groups(texts, file), output)
    except ClientError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    except BrokenPipeError:
        # Whoever reads has enough, as in `| head`. What is still buffered must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def _decoder(
    client: "TranslationClient", task: Config | None, beam_size: int | None, output: OutputFormat, batch_size: int
) -> "StepDecoder":
    """A step decoder with the task's settings, greedy where there is no task."""
    from serving.step import DecodingSettings, StepDecoder

    given = {"beam_size": 1, "n_best": 1}
    if task:
        given = task.decoding.model_dump(include={field.name for field in dataclasses.fields(DecodingSettings)})
        # What the task says of lengths the model tells for each text.
        given.update(min_length=0, max_length=None)
    width = beam_size or max(given["beam_size"], output.n_best or 1)
    given.update(beam_size=width, n_best=min(width, output.n_best or given["n_best"]))
    return StepDecoder(
        client.predictor, DecodingSettings(**given), with_alignment=output.alignment, most_texts=batch_size
    )


def _translator(
    client: "TranslationClient", decoder: "StepDecoder | None", output: OutputFormat
) -> Callable[[Sequence[bytes]], "list[Translation]"]:
    if decoder is None:
        return lambda lines: client.translate(lines, output.details())
    return lambda lines: [decoded.translation() for decoded in decoder.decode(lines)]


def _print_all(
    call: Callable[[Sequence[bytes]], "list[Translation]"], groups: Iterator[list[bytes]], output: OutputFormat
) -> None:
    with _progress() as advance:
        for lines in groups:
            for line, answer in zip(lines, call(lines), strict=True):
                for row in output.lines(line, answer):
                    sys.stdout.buffer.write(row)
            sys.stdout.buffer.flush()
            advance(len(lines))


def _print_streams(decoder: "StepDecoder", groups: Iterator[list[bytes]], show_source: bool) -> None:
    """Prints text after text, each as it grows."""
    for line in (line for group in groups for line in group):
        ids: list[int] = []
        written = ""
        if show_source:
            sys.stdout.buffer.write(line + b"\t")
        for decided in decoder.stream([line]):
            ids.append(decided.id)
            # What the tokens so far make of the text: how they are joined, the model knows alone.
            [text], _ = decoder.model.detokenize([ids])
            sys.stdout.buffer.write(text.removeprefix(written).encode("utf-8"))
            sys.stdout.buffer.flush()
            written = text
        sys.stdout.buffer.write(b"\n")
        sys.stdout.buffer.flush()


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Counts lines on a terminal, where nothing else is written to it."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.completed:,} lines"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        job = bar.add_task("", total=None)
        yield lambda count: bar.advance(job, count)


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
