"""Trainer and Tuner as CustomJobs of Vertex AI."""

from typing import Any

from tfx import types
from tfx.components.tuner import component
from tfx.dsl.components.base import executor_spec
from tfx.extensions.google_cloud_ai_platform.trainer import executor as trainer_executor
from tfx.extensions.google_cloud_ai_platform.tuner import executor as tuner_executor
from tfx.types.standard_component_specs import BASE_MODEL_KEY

from components.pushed_model import without_missing_model
from components.trainer import TrainerExecutor


class VertexTrainerExecutor(trainer_executor.GenericExecutor):
    """Starts a CustomJob that runs TrainerExecutor, and waits for its end; custom_config says on which machine."""

    def _GetExecutorClass(self) -> type[TrainerExecutor]:
        return TrainerExecutor


class VertexTunerExecutor(tuner_executor.Executor):
    """Starts a CustomJob that searches, and waits for its end; custom_config says on which machine."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Leaves the model to start from out where it has no files; see TFX's Tuner for Vertex AI."""
        super().Do(without_missing_model(input_dict, BASE_MODEL_KEY), output_dict, exec_properties)


class VertexTuner(component.Tuner):
    """TFX's Tuner with this executor."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(VertexTunerExecutor)
