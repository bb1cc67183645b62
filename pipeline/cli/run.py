"""`seq2seq run`: the whole pipeline, from pairs of text to a pushed model."""

import enum
import json
from typing import Annotated

import typer

from pipeline.cli.options import ConfigPath, Overrides
from pipeline.config_file import load_config


class OrchestratorName(str, enum.Enum):
    """What `--orchestrator` takes."""

    LOCAL = "local"
    BEAM = "beam"


def run(
    config: ConfigPath,
    overrides: Overrides,
    orchestrator: Annotated[
        OrchestratorName,
        typer.Option(help="local: node after node (LocalDagRunner). beam: nodes as a Beam job (BeamDagRunner)."),
    ] = OrchestratorName.LOCAL,
    span: Annotated[
        str | None,
        typer.Option(metavar="N", help="Take span N, or that of a date as 2024-01-31, for the newest: sets data.span."),
    ] = None,
) -> None:
    """Train, evaluate, and push if every threshold is passed.

    What has not changed since an earlier run is taken from the cache. Exits with 1 when a component failed, and with
    3 when the model was not pushed because it failed a threshold, and with 4 when another run of the task is under way.
    """
    settings = load_config(config, [*overrides, *([] if span is None else [f"data.span={json.dumps(span)}"])])
    from pipeline.cli import run_session  # imports TFX

    raise typer.Exit(run_session.run(settings, orchestrator.value))
