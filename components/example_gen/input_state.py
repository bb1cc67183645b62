"""The state of the input files as a step of its own, for clusters, where no driver looks before the cache."""

import hashlib
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils, component_spec, standard_artifacts, standard_component_specs

from components.config.data import DataConfig
from components.example_gen.files import input_fingerprint
from components.example_gen.settings import pack_patterns, pack_settings, unpack_patterns, unpack_settings
from components.example_gen.spans import resolve_spans

STATE_KEY = "state"


class Executor(base_executor.BaseExecutor):
    """Executor of InputState."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes a fingerprint of the files' names, sizes and times of change.

        Raises:
          DataError: a span cannot be told; the message says why.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        base = exec_properties[standard_component_specs.INPUT_BASE_KEY]
        patterns = unpack_patterns(exec_properties[standard_component_specs.INPUT_CONFIG_KEY])
        data = unpack_settings(exec_properties[standard_component_specs.CUSTOM_CONFIG_KEY])
        resolved = resolve_spans(base, patterns, data.windows(), data.span)
        fingerprint = input_fingerprint(base, zip(patterns, resolved.patterns, strict=True))
        state = artifact_utils.get_single_instance(output_dict[STATE_KEY])
        state.value = hashlib.sha256(fingerprint.encode()).hexdigest()


class InputStateSpec(component_spec.ComponentSpec):
    """What goes into InputState and comes out of it."""

    PARAMETERS = {
        standard_component_specs.INPUT_BASE_KEY: component_spec.ExecutionParameter(type=str),
        standard_component_specs.INPUT_CONFIG_KEY: component_spec.ExecutionParameter(type=example_gen_pb2.Input),
        standard_component_specs.CUSTOM_CONFIG_KEY: component_spec.ExecutionParameter(
            type=example_gen_pb2.CustomConfig
        ),
    }
    INPUTS = {}
    OUTPUTS = {STATE_KEY: component_spec.ChannelParameter(type=standard_artifacts.String)}


class InputState(base_component.BaseComponent):
    """Finds the newest spans, and looks at the files of all patterns; its output `state` changes when any of them does.

    It must never be taken from a cache.
    """

    SPEC_CLASS = InputStateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, data: DataConfig, base: str | RuntimeParameter):
        """Creates the component.

        Args:
          data: where the pairs are.
          base: the folder of the files, in place of `data.base`.
        """
        super().__init__(
            InputStateSpec(
                input_base=base,
                input_config=pack_patterns(data),
                custom_config=pack_settings(data, code_version=""),
                state=types.Channel(type=standard_artifacts.String),
            )
        )
