"""TFX's Tuner, which takes a model to start from that has no files for none."""

from typing import Any

from tfx import components as tfx_components
from tfx import types
from tfx.components.tuner import executor
from tfx.dsl.components.base import executor_spec
from tfx.types.standard_component_specs import BASE_MODEL_KEY

from components.pushed_model import without_missing_model


class TunerExecutor(executor.Executor):
    """TFX's executor, with the model to start from left out where it has no files."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Searches, and writes what was found best; see TFX's Tuner."""
        super().Do(without_missing_model(input_dict, BASE_MODEL_KEY), output_dict, exec_properties)


class Tuner(tfx_components.Tuner):
    """TFX's Tuner with this executor."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(TunerExecutor)
