"""Limits of Kubeflow Pipelines and Vertex AI, checked before they are hit."""

import json
import re
from typing import Any

from pipeline.runners.cluster_errors import ClusterError

# Of Argo, which runs the steps of Kubeflow.
_STEP_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,127}")

# A step gets all it needs to know as one argument, and Linux takes none that is longer (MAX_ARG_STRLEN).
_LONGEST_ARGUMENT = 128 * 1024
# Room for the artifacts in it.
_ARTIFACTS = 32 * 1024

# The API server of Kubernetes keeps a workflow, which holds the specification, in one object of etcd.
_LONGEST_SPEC = 1024 * 1024

_PLACEHOLDER = "{{$"

_KUBERNETES_NAME = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_KUBERNETES_KEY = re.compile(rf"([a-z0-9]([a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_KUBERNETES_NAME}")
_KUBERNETES_VALUE = re.compile(rf"({_KUBERNETES_NAME})?")
_CLOUD_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_CLOUD_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_CLOUD_LABELS = 64


def check_spec(spec: dict[str, Any]) -> None:
    """Checks names, and what is handed to each step.

    Raises:
      ClusterError: a limit is passed.
    """
    for name, task in spec["root"]["dag"]["tasks"].items():
        if not _STEP_NAME.fullmatch(name):
            raise ClusterError(f"step {name!r}: names of steps have at most 128 letters, digits and hyphens")
        constants = {
            key: parameter["runtimeValue"]["constant"]
            for key, parameter in task.get("inputs", {}).get("parameters", {}).items()
            if "runtimeValue" in parameter
        }
        _check_constants(name, constants)


def check_spec_size(spec: dict[str, Any]) -> None:
    """Checks that Kubernetes can keep the specification.

    Raises:
      ClusterError: it is too long.
    """
    size = len(json.dumps(spec))
    if size > _LONGEST_SPEC:
        raise ClusterError(f"the pipeline has {size:,} bytes: Kubernetes keeps no more than {_LONGEST_SPEC:,}")


def check_kubernetes_labels(labels: dict[str, str], key: str) -> None:
    """Checks labels of pods.

    Raises:
      ClusterError: a label is refused; the message names its key in the configuration.
    """
    for name, value in labels.items():
        if not _KUBERNETES_KEY.fullmatch(name):
            raise ClusterError(
                f"{key}.{name}: a label's name has at most 63 letters, digits, '-', '_' and '.', perhaps after DOMAIN/"
            )
        if not _KUBERNETES_VALUE.fullmatch(value):
            raise ClusterError(
                f"{key}.{name}: found {value!r}: a label's value has at most 63 letters, digits, '-', '_' and '.', and"
                " begins and ends with a letter or a digit"
            )


def check_cloud_labels(labels: dict[str, str], key: str) -> None:
    """Checks labels of resources of Google Cloud.

    Raises:
      ClusterError: a label is refused; the message names its key in the configuration.
    """
    if len(labels) > _CLOUD_LABELS:
        raise ClusterError(f"{key} has {len(labels)} labels: allowed are {_CLOUD_LABELS}")
    for name, value in labels.items():
        if not _CLOUD_KEY.fullmatch(name):
            raise ClusterError(
                f"{key}.{name}: a label's name has at most 63 lower-case letters, digits, '-' and '_', and begins with"
                " a letter"
            )
        if not _CLOUD_VALUE.fullmatch(value):
            raise ClusterError(
                f"{key}.{name}: found {value!r}: a label's value has at most 63 lower-case letters, digits, '-' and '_'"
            )


def _check_constants(step: str, constants: dict[str, Any]) -> None:
    for key, value in constants.items():
        if isinstance(value, str) and _PLACEHOLDER in value:
            raise ClusterError(
                f"step {step}, property {key}: the configuration has {_PLACEHOLDER!r} in a text, which the cluster"
                " would take for a placeholder"
            )
    size = len(json.dumps(constants)) + _ARTIFACTS
    if size > _LONGEST_ARGUMENT:
        longest = max(constants, key=lambda key: len(json.dumps(constants[key])))
        raise ClusterError(
            f"step {step} is given {size - _ARTIFACTS:,} bytes of settings, property {longest} most of them: allowed"
            f" are {_LONGEST_ARGUMENT - _ARTIFACTS:,}"
        )
