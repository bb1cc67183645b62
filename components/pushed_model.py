"""The newest pushed model as an artifact, for clusters, where no step can look into ML Metadata."""

import logging
import os
from collections.abc import Mapping
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.dsl.components.base import base_executor as base
from tfx.dsl.io import fileio
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import artifact_utils, component_spec, standard_artifacts
from tfx.utils import io_utils, path_utils

from components.pushed_versions import versions

MODEL_KEY = "model"
CANDIDATE_KEY = "candidate"
PUSH_TO_KEY = "push_to"

_SAVED_MODEL = "saved_model.pb"
# Has a number that no other export of a model has.
_FINGERPRINT = "fingerprint.pb"

_LOGGER = logging.getLogger("seq2seq.pushed_model")


def without_missing_model(input_dict: Mapping[str, list[types.Artifact]], key: str) -> dict[str, list[types.Artifact]]:
    """The inputs without those models of a key that have no files: on a cluster no list of inputs is empty.

    Args:
      input_dict: inputs of a component.
      key: of the models; it may be missing.
    """
    found = [model for model in input_dict.get(key, []) if fileio.exists(_serving_model(model))]
    rest = {name: artifacts for name, artifacts in input_dict.items() if name != key}
    return {**rest, key: found} if found else rest


class Executor(base.BaseExecutor):
    """Executor of NewestPushedModel."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Copies the newest version that is not the candidate; writes nothing where there is none, as on a first run.

        Args:
          input_dict: perhaps the candidate.
          output_dict: the model.
          exec_properties: the folder of pushed versions.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        model = artifact_utils.get_single_instance(output_dict[MODEL_KEY])
        candidates = [_content(os.path.dirname(_serving_model(found))) for found in input_dict.get(CANDIDATE_KEY, [])]
        folder = exec_properties[PUSH_TO_KEY]
        for number in reversed(versions(folder)):
            version = os.path.join(folder, str(number))
            if fileio.exists(os.path.join(version, _SAVED_MODEL)) and _content(version) not in candidates:
                io_utils.copy_dir(version, path_utils.serving_model_dir(model.uri))
                _LOGGER.info("version %d in %s", number, folder)
                return
        _LOGGER.info("no model in %s yet", folder)


class NewestPushedModelSpec(component_spec.ComponentSpec):
    """What goes into NewestPushedModel and comes out of it."""

    PARAMETERS = {PUSH_TO_KEY: component_spec.ExecutionParameter(type=str)}
    INPUTS = {CANDIDATE_KEY: component_spec.ChannelParameter(type=standard_artifacts.Model, optional=True)}
    OUTPUTS = {MODEL_KEY: component_spec.ChannelParameter(type=standard_artifacts.Model)}


class NewestPushedModel(base_component.BaseComponent):
    """Finds the model that is served now, and copies it; the candidate itself, pushed by an earlier run, is left out.

    It must never be taken from a cache.
    """

    SPEC_CLASS = NewestPushedModelSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, push_to: str | RuntimeParameter, candidate: types.BaseChannel | None = None):
        """Creates the component.

        Args:
          push_to: the folder of pushed versions.
          candidate: the model of this run.
        """
        super().__init__(
            NewestPushedModelSpec(
                push_to=push_to, candidate=candidate, model=types.Channel(type=standard_artifacts.Model)
            )
        )


def _serving_model(model: types.Artifact) -> str:
    folder = path_utils.serving_model_path(model.uri, path_utils.is_old_model_artifact(model))
    return os.path.join(folder, _SAVED_MODEL)


def _content(folder: str) -> bytes:
    """What tells an exported model from every other."""
    path = os.path.join(folder, _FINGERPRINT)
    with fileio.open(path if fileio.exists(path) else os.path.join(folder, _SAVED_MODEL), "rb") as file:
        return file.read()
