"""`seq2seq drift`: how far served text is from the text that a task was trained on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.drawing import drawn
from pipeline.cli.refusal import refuse
from pipeline.cli.run_session import watched
from pipeline.config import Config
from pipeline.config_file import load_config

if TYPE_CHECKING:
    from components.data_checks.drift import Distance

TOO_FAR = 3


def drift(
    logs: Annotated[
        str, typer.Argument(metavar="LOGS", help="Glob of JSON Lines, each an object with `text`; .gz is unpacked.")
    ],
    config: Annotated[Path, typer.Option(help="YAML file of the task.")],
    overrides: Annotated[
        list[str],
        typer.Option("--set", metavar="KEY=VALUE", help="Override one key.", default_factory=list, show_default=False),
    ],
) -> None:
    """Compare logs of served requests with the training split of the data that passed last.

    Lengths, tokens, unknown tokens and slice keys that the lines have are compared, with the limits of data.drift.
    Exits with 1 when the logs cannot be read, with 2 when no data has passed yet, and with 3 when a limit is passed.
    """
    settings = load_config(config, overrides)
    with watched(settings) as console:
        # TensorFlow writes while it is imported: here that goes to the log.
        distances = _distances(logs, settings)
    if distances is None:
        refuse(f"no data of task {settings.name} has passed yet: run the pipeline first")
    from components.data_checks.drift import drift_table

    console.print(drawn(drift_table(f"Distances of {logs} from the training split", distances)))
    too_far = [distance for distance in distances if distance.too_far]
    if too_far:
        console.print(f"[bold red]{len(too_far)} beyond the limits of data.drift.[/]")
        raise typer.Exit(TOO_FAR)


def _distances(logs: str, config: Config) -> "list[Distance] | None":
    import tempfile

    import apache_beam as beam

    from components.config.data import TRAIN_SPLIT
    from components.data_checks.drift import Drift
    from components.data_profile.files import read_profile, write_profile
    from components.data_profile.measure import measure
    from components.served_texts import LogError, served_texts
    from pipeline.generation import direct_runner_arguments
    from pipeline.history import read_runs
    from pipeline.ingestion import profile_settings

    passed = [run for run in read_runs(config) if run.data_blessing_uri]
    if not passed:
        return None
    earlier = read_profile(passed[-1].profile_uri)
    settings = profile_settings(config)
    if earlier.text_settings != settings.of_text():
        raise ValueError("how texts become tokens has been changed since data passed last: run the pipeline first")
    trained_on = earlier.splits[TRAIN_SPLIT]
    served = served_texts(logs, config.data.slice_keys)
    with tempfile.TemporaryDirectory() as folder:
        with beam.Pipeline(argv=direct_runner_arguments()) as pipeline:
            write_profile(measure(pipeline, {"served": served}, settings, f"{folder}/parts"), folder)
        profile = read_profile(folder)
    if "served" not in profile.splits:
        raise LogError(f"there are no requests in {logs}")
    return Drift(config.data.drift, settings).distances("served", profile.splits["served"], trained_on, trained_on)
