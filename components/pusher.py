"""TFX's Pusher, so that a model server never sees half a model, and that what is served is what a run says."""

import os
from pathlib import Path
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.components.pusher import executor
from tfx.dsl.components.base import base_component, base_driver, executor_spec
from tfx.dsl.io import fileio
from tfx.orchestration import metadata
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.portable import base_driver as portable_driver
from tfx.orchestration.portable import data_types
from tfx.proto.orchestration import driver_output_pb2
from tfx.types import artifact_utils, component_spec, standard_artifacts, standard_component_specs
from tfx.utils import io_utils

from components.batching_parameters import write_batching_parameters
from components.metrics.calibration import CALIBRATION_FILE
from components.model_versions import PUSHED_MODEL_ID, newest_version
from components.pushed_versions import is_mounted, push

PUSH_TO_KEY = "push_to"

_SUPERSEDED = "superseded_push"


class AtomicPusherExecutor(executor.Executor):
    """Pushes a blessed model in one step: its version folder appears with all that is in it."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Adds the model as the newest version, if it was blessed and is not that version already.

        Args:
          input_dict: the model and its blessings; that of a ServingValidator holds what is pushed. Perhaps its
            evaluation, whose calibration clients then find in the version.
          output_dict: the pushed model; its custom properties `pushed`, `pushed_destination` (the version's folder)
            and `pushed_version` tell what was done.
          exec_properties: the folder of the versions.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        pushed = artifact_utils.get_single_instance(output_dict[standard_component_specs.PUSHED_MODEL_KEY])
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed)
            return
        model = self.GetModelPath(input_dict)
        # The copy for the records comes first: once the version is there, nothing is left that could fail.
        io_utils.copy_dir(model, pushed.uri)
        _add_calibration(input_dict, pushed.uri)
        folder = exec_properties[PUSH_TO_KEY]
        if is_mounted(folder):
            write_batching_parameters(Path(folder))
        version = push(pushed.uri, folder)
        self._MarkPushed(pushed, pushed_destination=version, pushed_version=os.path.basename(version))
        pushed.set_int_custom_property(PUSHED_MODEL_ID, _model_id(input_dict))

    def GetModelPath(self, input_dict: dict[str, list[types.Artifact]]) -> str:
        """The copy with warm-up requests in the ServingValidator's blessing; without a validator the model itself."""
        warmed_up = dict(input_dict)
        if input_dict.get(standard_component_specs.INFRA_BLESSING_KEY):
            warmed_up.pop(standard_component_specs.MODEL_KEY)
        return super().GetModelPath(warmed_up)


class AtomicPusherDriver(base_driver.BaseDriver, portable_driver.BaseDriver):
    """Lets a push come from the cache only while its version is the newest one.

    The cache key gets the last push of this model that is no longer served: its version was deleted, or another model
    was pushed after it. A model that is the newest version has the same key as when it was pushed.
    """

    def __init__(self, mlmd_connection: metadata.Metadata):
        # A component takes a driver of the first kind alone, and what runs it is of the second.
        portable_driver.BaseDriver.__init__(self, mlmd_connection)

    def run(self, execution_info: data_types.ExecutionInfo) -> driver_output_pb2.DriverOutput:
        """Adds the push that was superseded to the execution properties; 0 where there is none."""
        destination = Path(execution_info.exec_properties[PUSH_TO_KEY])
        newest = destination / str(newest_version(destination))
        model_id = _model_id(execution_info.input_dict)
        with self._mlmd_connection as handle:
            pushes = handle.store.get_artifacts_by_type(standard_artifacts.PushedModel.TYPE_NAME)
        superseded = [
            push.id
            for push in pushes
            if push.custom_properties[PUSHED_MODEL_ID].int_value == model_id
            and _pushed_to(push).parent == destination
            and _pushed_to(push) != newest
        ]
        result = driver_output_pb2.DriverOutput()
        result.exec_properties[_SUPERSEDED].int_value = max(superseded, default=0)
        return result


class AtomicPusherSpec(component_spec.ComponentSpec):
    """What goes into AtomicPusher and comes out of it: as for Pusher, the destination being a folder's path."""

    PARAMETERS = {PUSH_TO_KEY: component_spec.ExecutionParameter(type=str)}
    INPUTS = {
        **standard_component_specs.PusherSpec.INPUTS,
        standard_component_specs.EVALUATION_KEY: component_spec.ChannelParameter(
            type=standard_artifacts.ModelEvaluation, optional=True
        ),
    }
    OUTPUTS = standard_component_specs.PusherSpec.OUTPUTS
    TYPE_ANNOTATION = standard_component_specs.PusherSpec.TYPE_ANNOTATION


class AtomicPusher(base_component.BaseComponent):
    """Pushes a blessed model as the newest version, in one step where the destination can rename a folder."""

    SPEC_CLASS = AtomicPusherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(AtomicPusherExecutor)
    DRIVER_CLASS = AtomicPusherDriver

    def __init__(
        self,
        model: types.BaseChannel,
        push_to: str | RuntimeParameter,
        model_blessing: types.BaseChannel | None = None,
        infra_blessing: types.BaseChannel | None = None,
        evaluation: types.BaseChannel | None = None,
    ):
        """Creates the component.

        Args:
          model: the candidate.
          push_to: the folder of the versions, mounted or in a bucket.
          model_blessing: what the Evaluator found.
          infra_blessing: what the ServingValidator found, with the copy that is pushed.
          evaluation: with the calibration that goes along with the model.
        """
        super().__init__(
            AtomicPusherSpec(
                model=model,
                model_blessing=model_blessing,
                infra_blessing=infra_blessing,
                evaluation=evaluation,
                push_to=push_to,
                pushed_model=types.Channel(type=standard_artifacts.PushedModel),
            )
        )


def _add_calibration(input_dict: dict[str, list[types.Artifact]], model: str) -> None:
    """Puts the calibration of the evaluation, where there is one, into SavedModel's place for files of no graph."""
    for evaluation in input_dict.get(standard_component_specs.EVALUATION_KEY, []):
        calibration = os.path.join(evaluation.uri, CALIBRATION_FILE)
        if fileio.exists(calibration):
            io_utils.copy_file(calibration, os.path.join(model, "assets.extra", CALIBRATION_FILE), overwrite=True)


def _model_id(input_dict: dict[str, list[types.Artifact]]) -> int:
    return artifact_utils.get_single_instance(input_dict[standard_component_specs.MODEL_KEY]).id


def _pushed_to(push: metadata_store_pb2.Artifact) -> Path:
    return Path(push.custom_properties["pushed_destination"].string_value)
