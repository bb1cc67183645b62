"""The gate between data and training: TFX finds anomalies, but goes on all the same."""

import os
from collections.abc import Iterator
from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx import types
from tfx.components.example_validator import executor as example_validator_executor
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, component_spec, standard_artifacts, standard_component_specs

BLESSING_KEY = "blessing"

# Of what is told of a feature, in characters.
_LONGEST = 600


class DataAnomalyError(ValueError):
    """The data has anomalies; the message, on one line, is for people."""


class DataBlessing(types.Artifact):
    """Says that data passed the gate, by a file BLESSED."""

    # A container on a cluster imports an artifact's class by the name of its type, which has one dot at most.
    TYPE_NAME = "components.DataBlessing"


def describe(split: str, anomalies: anomalies_pb2.Anomalies) -> Iterator[str]:
    """What is wrong with a split, feature by feature."""
    for feature, anomaly in sorted(anomalies.anomaly_info.items()):
        yield f"split {split}, feature {feature}: {_one_line(anomaly)}"
    if anomalies.HasField("dataset_anomaly_info"):
        yield f"split {split}: {_one_line(anomalies.dataset_anomaly_info)}"


def _one_line(anomaly: anomalies_pb2.AnomalyInfo) -> str:
    """What TFDV says of it, with whatever would break or disturb the line escaped, and not without end."""
    text = anomaly.description or anomaly.short_description
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text.strip())
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} …"


class Executor(base_executor.BaseExecutor):
    """Executor of DataGate."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Passes data without anomalies.

        Raises:
          DataAnomalyError: a split has some.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        artifact = artifact_utils.get_single_instance(input_dict[standard_component_specs.ANOMALIES_KEY])
        found = [
            line
            for split in artifact_utils.decode_split_names(artifact.split_names)
            for line in describe(split, _read(artifact, split))
        ]
        if found:
            raise DataAnomalyError("; ".join(found))
        uri = artifact_utils.get_single_uri(output_dict[BLESSING_KEY])
        with fileio.open(os.path.join(uri, "BLESSED"), "w") as file:
            file.write("")


def _read(artifact: types.Artifact, split: str) -> anomalies_pb2.Anomalies:
    uri = artifact_utils.get_split_uri([artifact], split)
    with fileio.open(os.path.join(uri, example_validator_executor.DEFAULT_FILE_NAME), "rb") as file:
        return anomalies_pb2.Anomalies.FromString(file.read())


class DataGateSpec(component_spec.ComponentSpec):
    """What goes into DataGate and comes out of it."""

    PARAMETERS = {"code_version": component_spec.ExecutionParameter(type=str)}
    INPUTS = {
        standard_component_specs.ANOMALIES_KEY: component_spec.ChannelParameter(
            type=standard_artifacts.ExampleAnomalies
        )
    }
    OUTPUTS = {BLESSING_KEY: component_spec.ChannelParameter(type=DataBlessing)}


class DataGate(base_component.BaseComponent):
    """Stops the run where the ExampleValidator found an anomaly in any split."""

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, anomalies: types.BaseChannel, code_version: str = ""):
        """Creates the component.

        Args:
          anomalies: channel of ExampleAnomalies.
          code_version: fingerprint of the code, so that new code does not take the old code's result from the cache.
        """
        super().__init__(
            DataGateSpec(anomalies=anomalies, code_version=code_version, blessing=types.Channel(type=DataBlessing))
        )
