"""A compiled pipeline as a file."""

import json
from pathlib import Path
from typing import Any, Literal

import yaml

from components.whole_file import whole_file
from pipeline.config import Config
from pipeline.runners.cluster_errors import ClusterError

ClusterName = Literal["kubeflow", "vertex"]


def compile_for(config: Config, target: ClusterName) -> list[dict[str, Any]]:
    """Compiles a task's pipeline for a cluster.

    Returns:
      The documents of the file; the first one is the pipeline's specification (Kubeflow) or the PipelineJob (Vertex).

    Raises:
      ClusterError: the configuration has no section for the target, or a limit of the target is passed.
    """
    if target == "kubeflow":
        from pipeline.runners.kubeflow import compile_for_kubeflow

        return compile_for_kubeflow(config)
    from pipeline.runners.vertex import compile_for_vertex  # imports the clients of Google Cloud

    return [compile_for_vertex(config)]


def to_yaml(documents: list[dict[str, Any]]) -> str:
    """Documents as YAML."""
    return yaml.safe_dump_all(documents, sort_keys=True, allow_unicode=True)


def write_documents(documents: list[dict[str, Any]], path: Path) -> None:
    """Writes documents as YAML, or one document as JSON where the path ends in .json; the file appears as a whole.

    Raises:
      ClusterError: several documents were to become JSON.
      OSError: the file cannot be written.
    """
    if path.suffix == ".json":
        if len(documents) > 1:
            raise ClusterError(f"{path}: labels and volumes are a second document, which JSON cannot hold: use .yaml")
        text = json.dumps(documents[0], sort_keys=True, indent=2, ensure_ascii=False) + "\n"
    else:
        text = to_yaml(documents)
    with whole_file(path) as file:
        file.write_text(text, encoding="utf-8")
