"""`seq2seq compile`: the pipeline as a file that a cluster takes."""

import contextlib
import enum
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import ConfigPath, Overrides
from pipeline.cli.quiet import quiet_libraries
from pipeline.config_file import ConfigError, load_config


class Target(str, enum.Enum):
    """What `--target` takes."""

    KUBEFLOW = "kubeflow"
    VERTEX = "vertex"


# Packages that come with the extras.
_CLIENTS = ("kfp", "kfp_server_api", "google")

TargetOption = Annotated[
    Target, typer.Option(help="kubeflow: Kubeflow Pipelines, version 2. vertex: Vertex AI Pipelines.")
]


@contextlib.contextmanager
def missing_extra_told(target: Target) -> Iterator[None]:
    """Within the block, a client of a cluster that is not installed is told with the extra that installs it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _CLIENTS:
            raise
        raise ConfigError(f"{error}: it comes with pip install 'tfx-seq2seq[{target.value}]'") from error


def compile_(
    config: ConfigPath,
    overrides: Overrides,
    target: TargetOption,
    output: Annotated[Path, typer.Option(help="File to write: YAML, or JSON where its name ends in .json.")] = Path(
        "pipeline.yaml"
    ),
) -> None:
    """Write the pipeline in the form that a cluster takes.

    For Kubeflow that is the pipeline's specification, for Vertex AI a PipelineJob.
    """
    settings = load_config(config, overrides)
    with quiet_libraries(), missing_extra_told(target):
        from pipeline.runners.cluster_errors import ClusterError  # these import TFX
        from pipeline.runners.cluster_file import compile_for, write_documents

        try:
            documents = compile_for(settings, target.value)
            write_documents(documents, output)
        except ClusterError as error:
            raise ConfigError(f"{config}: {error}") from error
        except OSError as error:
            raise ConfigError(f"{output}: cannot be written: {error}") from error
    typer.echo(f"{output}: pipeline {settings.name} for {target.value}")
