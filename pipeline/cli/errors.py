"""`seq2seq errors`: the examples that a model got most wrong."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline.cli.drawing import drawn
from pipeline.cli.quiet import quiet_libraries
from pipeline.cli.refusal import refused
from pipeline.cli.wanted_run import run_with
from pipeline.config_file import load_config

_SHORT_NAMES = {"wer": "word_error_rate", "loss": "loss_per_token"}


def errors(
    place: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="YAML file of the task, or the folder of an evaluation.")
    ],
    slices: Annotated[
        list[str],
        typer.Option(
            "--slice",
            metavar="KEY=VALUE",
            help="Only examples of this slice, as in source_length=1-10; may be given several times.",
            default_factory=list,
            show_default=False,
        ),
    ],
    sort: Annotated[
        str,
        typer.Option(metavar="METRIC", help="A metric of evaluation.metrics, or wer or loss: worst examples first."),
    ] = "loss",
    limit: Annotated[int, typer.Option(min=1, help="How many examples.")] = 20,
    run: Annotated[
        str | None, typer.Option(metavar="RUN", help="Id of a run.  [default: the newest evaluated]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, texts whole.")] = False,
) -> None:
    """Show the examples of an evaluation that a model got most wrong, beside what the model before made of them.

    Exits with 2 where there is no evaluation, metric or slice of that name.
    """
    with refused(ValueError, OSError):
        wanted = dict(_key_and_value(text) for text in slices)
        evaluation = str(place) if place.is_dir() else _evaluation_of(place, run)
        with quiet_libraries():
            from components.metrics.example_rows import read_examples
            from components.metrics.worst import worst_examples, worst_table
        metric = _SHORT_NAMES.get(sort, sort)
        worst = worst_examples(read_examples(evaluation), metric, wanted, limit)
    if as_json:
        for each in worst:
            typer.echo(json.dumps(each._asdict(), ensure_ascii=False))
    else:
        Console(highlight=False).print(drawn(worst_table(worst, metric, f"Worst examples in {evaluation}")))


def _key_and_value(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ValueError(f"--slice {text}: wanted KEY=VALUE, as in source_length=1-10")
    return key, value


def _evaluation_of(path: Path, run_id: str | None) -> str:
    config = load_config(path)
    with quiet_libraries():
        from pipeline.history import read_runs
    return run_with("evaluation", config.name, read_runs(config), run_id).evaluation_uri
