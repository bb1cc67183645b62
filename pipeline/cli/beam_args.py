"""`seq2seq beam-args`: what the Beam pipeline of each component is told."""

import enum
import json
from typing import Annotated

import typer
from rich.console import Console

from components.tables import Table
from pipeline.beam_arguments import EngineError
from pipeline.beam_places import arguments_by_component
from pipeline.cli.drawing import drawn
from pipeline.cli.options import ConfigPath, Overrides
from pipeline.config_file import ConfigError, load_config
from pipeline.package_wheel import wheel_path
from pipeline.workspace import Workspace


class PlaceName(str, enum.Enum):
    """What `--target` takes."""

    LOCAL = "local"
    KUBEFLOW = "kubeflow"
    VERTEX = "vertex"


def beam_args(
    config: ConfigPath,
    overrides: Overrides,
    target: Annotated[PlaceName, typer.Option(help="Where the components run.")] = PlaceName.LOCAL,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object: lists of arguments by component.")] = False,
) -> None:
    """Show the pipeline options that each component's Beam pipeline is given.

    None: Beam's own runner, in the process of the component.
    """
    settings = load_config(config, overrides)
    if target is not PlaceName.LOCAL and getattr(settings.deploy, target.value) is None:
        raise ConfigError(f"{config}: deploy.{target.value}: this section is needed")
    # On a cluster there is no wheel: the steps' image has the package, and so must the workers'.
    wheel = str(wheel_path(Workspace.of(settings).packages)) if target is PlaceName.LOCAL else None
    try:
        arguments = arguments_by_component(settings, target.value, wheel)
    except EngineError as error:
        raise ConfigError(f"{config}: {error}") from error
    if as_json:
        typer.echo(json.dumps(arguments, indent=2, ensure_ascii=False))
        return
    rows = [[component, "\n".join(given) or "none"] for component, given in arguments.items()]
    table = Table(f"Arguments for Beam, {target.value}", ["component", "arguments"], rows)
    Console(highlight=False).print(drawn(table))
