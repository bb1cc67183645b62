"""Where a pipeline runs: which of its settings may be given with each run, and how it finds what earlier runs left."""

import abc
import dataclasses
from collections.abc import Iterable
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.base.executor_spec import ExecutorSpec
from tfx.orchestration.data_types import RuntimeParameter

from components.baseline import latest_blessed_model_other_than
from components.data_checks.baseline import latest_profile_that_passed
from components.example_gen.input_state import InputState
from components.pushed_model import NewestPushedModel
from components.tuner import Tuner
from components.warm_start import model_to_start_from
from pipeline.beam_places import arguments_by_component
from pipeline.config import Config
from pipeline.metadata_database import connection_of
from pipeline.package_wheel import wheel_for_workers
from pipeline.workspace import Workspace

Text = str | RuntimeParameter
Number = int | RuntimeParameter | None


class Placement(abc.ABC):
    """What `create_pipeline` asks of the place where its pipeline will run.

    Attributes:
      data: folder of the data.
      push_to: folder of the pushed versions.
      epochs, max_steps: length of training; None: as the configuration says.
      root: folder of the artifacts.
      checkpoints: folder of unfinished trainings; None: there is none that outlives a run.
      analyzer_cache: folder of what Transform has counted in the spans of a window; None: nothing is kept.
      metadata: ML Metadata, with its password: a runner keeps that out of what it compiles; None where the place has
        its own.
      beam_arguments: Beam's pipeline options, by the names of the components that run Beam.
    """

    data: Text
    push_to: Text
    epochs: Number
    max_steps: Number
    root: str
    checkpoints: str | None
    analyzer_cache: str | None
    metadata: metadata_store_pb2.ConnectionConfig | None
    beam_arguments: dict[str, list[str]]

    @abc.abstractmethod
    def input_state(self) -> BaseNode | None:
        """The node that looks at the input files; None where a driver does."""

    @abc.abstractmethod
    def model_to_start_from(self, custom_config: dict[str, Any], data: dict[str, types.BaseChannel]) -> BaseNode:
        """The node whose output `model` is the one that a Trainer with this custom_config and data starts from."""

    @abc.abstractmethod
    def model_to_beat(self, candidate: types.BaseChannel) -> BaseNode:
        """The node whose output `model` is the one that the candidate is compared with."""

    def set_engines(self, nodes: Iterable[BaseNode]) -> None:
        """Tells those of the nodes that run Beam which engine runs it."""
        for node in nodes:
            if isinstance(node, BaseBeamComponent):
                node.with_beam_pipeline_args(self.beam_arguments[node.id])

    def profile_to_compare_with(self, profile: types.BaseChannel) -> BaseNode | None:
        """The node whose output `profile` is that of earlier data; None where data is compared with none."""
        del profile
        return None

    def training_job(self) -> dict[str, Any]:
        """What of the Trainer's custom_config says where it runs."""
        return {}

    def tuner(self, custom_config: dict[str, Any], **arguments: Any) -> BaseNode:
        """The Tuner, made of a custom_config and the further arguments of TFX's Tuner."""
        return Tuner(custom_config=custom_config, **arguments)

    def trainer_executor(self) -> ExecutorSpec | None:
        """What runs the Trainer; None: its own executor."""
        return None

    def further_pushers(self, **channels: types.BaseChannel | None) -> list[BaseNode]:
        """Nodes that push the model elsewhere besides; the channels are those of TFX's Pusher."""
        del channels
        return []


class OnThisMachine(Placement):
    """Runs in this process, artifacts and ML Metadata in the task's workspace."""

    def __init__(self, config: Config):
        workspace = Workspace.of(config)
        self.data = config.data.base
        self.push_to = str(workspace.served)
        self.epochs = None
        self.max_steps = None
        self.root = str(workspace.artifacts)
        self.checkpoints = str(workspace.checkpoints)
        self.analyzer_cache = str(workspace.analyzer_cache) if config.data.analyzer_cache else None
        self.metadata = connection_of(config)
        workspace.root.mkdir(parents=True, exist_ok=True)
        self.beam_arguments = arguments_by_component(config, "local", wheel_for_workers(config))
        self._config = config

    def input_state(self) -> None:
        """None: the driver of ParallelTextExampleGen looks."""

    def model_to_start_from(self, custom_config: dict[str, Any], data: dict[str, types.BaseChannel]) -> BaseNode:
        """Looks for the model that was blessed last in ML Metadata."""
        return model_to_start_from(custom_config, **data)

    def model_to_beat(self, candidate: types.BaseChannel) -> BaseNode:
        """Looks for the model that was blessed last in ML Metadata."""
        return latest_blessed_model_other_than(candidate)

    def profile_to_compare_with(self, profile: types.BaseChannel) -> BaseNode:
        """Looks for the profile of the data that passed last in ML Metadata."""
        return latest_profile_that_passed(profile)


@dataclasses.dataclass(frozen=True)
class ParameterDefault:
    """A parameter of a run on a cluster.

    Attributes:
      kind: its type in Python.
      default: what it is where it is not given; None: it must be given.
      description: what it means.
    """

    kind: type[str] | type[int]
    default: str | int | None
    description: str


class OnCluster(Placement):
    """Runs on Kubeflow Pipelines or Vertex AI, each step in a container that cannot reach ML Metadata.

    The model that is served is the one to beat and the one to start from: it lies in the folder of pushed versions.
    """

    def __init__(
        self,
        parameters: dict[str, ParameterDefault],
        root: str,
        config: Config,
        beam_arguments: dict[str, list[str]],
    ):
        """Makes a place.

        Args:
          parameters: see `parameters_of`.
          root: folder of the artifacts.
          config: the task.
          beam_arguments: Beam's pipeline options, by component.
        """
        for name, parameter in parameters.items():
            setattr(self, name, RuntimeParameter(name, parameter.kind))
        self.root = root
        self.checkpoints = f"{root}/checkpoints" if root else None
        self.analyzer_cache = f"{root}/analyzer_cache" if root and config.data.analyzer_cache else None
        self.metadata = None
        self.beam_arguments = beam_arguments
        self._config = config

    def input_state(self) -> BaseNode:
        """A step of its own: no driver runs before the cache is looked up."""
        return InputState(self._config.data, base=self.data)

    def model_to_start_from(self, custom_config: dict[str, Any], data: dict[str, types.BaseChannel]) -> BaseNode:
        """The newest pushed version."""
        del custom_config, data
        return NewestPushedModel(self.push_to).with_id("ModelToStartFrom")

    def model_to_beat(self, candidate: types.BaseChannel) -> BaseNode:
        """The newest pushed version that is not the candidate."""
        return NewestPushedModel(self.push_to, candidate).with_id("ModelToBeat")


def parameters_of(config: Config, data: str | None, push_to: str | None) -> dict[str, ParameterDefault]:
    """The parameters of a run on a cluster, by their names.

    Args:
      config: the task.
      data: default of the folder of the data.
      push_to: default of the folder of the pushed versions.
    """
    return {
        "data": ParameterDefault(str, data, "Folder of the data."),
        "push_to": ParameterDefault(str, push_to, "Folder of the pushed versions."),
        "epochs": ParameterDefault(int, config.training.epochs, "Most passes over the training split."),
        "max_steps": ParameterDefault(
            int, config.training.max_steps or 0, "Most optimiser steps; 0: epochs alone decide."
        ),
    }
