"""The component that profiles parallel text."""

import os
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_beam_component, base_beam_executor, executor_spec
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, component_spec, standard_artifacts, standard_component_specs

from components.data_profile.examples import source_of_examples
from components.data_profile.files import write_profile
from components.data_profile.measure import measure
from components.data_profile.settings import ProfileSettings

PROFILE_KEY = "profile"
TEXT_SETTINGS_PROPERTY = "text_settings"

_SETTINGS_KEY = "settings"


class TextProfile(types.Artifact):
    """A profile as JSON, in the file that components.data_profile.files reads."""

    # By this name a container on a cluster looks for the class, in components/__init__.py.
    TYPE_NAME = "components.TextProfile"


class Executor(base_beam_executor.BaseBeamExecutor):
    """Executor of TextProfiler."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Profiles all splits together."""
        self._log_startup(input_dict, output_dict, exec_properties)
        settings = ProfileSettings.model_validate_json(exec_properties[_SETTINGS_KEY])
        examples = artifact_utils.get_single_instance(input_dict[standard_component_specs.EXAMPLES_KEY])
        profile = artifact_utils.get_single_instance(output_dict[PROFILE_KEY])
        # Profiles are only compared where texts became tokens in the same way.
        profile.set_string_custom_property(TEXT_SETTINGS_PROPERTY, settings.of_text())
        splits = {
            split: source_of_examples(artifact_utils.get_split_uri([examples], split), settings.slice_keys)
            for split in artifact_utils.decode_split_names(examples.split_names)
        }
        # Of the run's folder for artifacts, which all workers see.
        parts = os.path.join(self._get_tmp_dir(), "parts")
        try:
            with self._make_beam_pipeline() as pipeline:
                write_profile(measure(pipeline, splits, settings, parts), profile.uri)
        finally:
            if fileio.exists(parts):
                fileio.rmtree(parts)


class TextProfilerSpec(component_spec.ComponentSpec):
    """What goes into TextProfiler and comes out of it."""

    PARAMETERS = {
        _SETTINGS_KEY: component_spec.ExecutionParameter(type=str),
        "code_version": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {standard_component_specs.EXAMPLES_KEY: component_spec.ChannelParameter(type=standard_artifacts.Examples)}
    OUTPUTS = {PROFILE_KEY: component_spec.ChannelParameter(type=TextProfile)}


class TextProfiler(base_beam_component.BaseBeamComponent):
    """Counts lengths, tokens, slice keys and suspicious pairs of every split."""

    SPEC_CLASS = TextProfilerSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(self, settings: ProfileSettings, *, examples: types.BaseChannel, code_version: str = ""):
        """Creates the component.

        Args:
          settings: how texts become tokens, and what is suspicious of pairs.
          examples: raw examples.
          code_version: fingerprint of the code, so that new code does not take the old code's result from the cache.
        """
        super().__init__(
            TextProfilerSpec(
                settings=settings.model_dump_json(),
                examples=examples,
                code_version=code_version,
                profile=types.Channel(type=TextProfile),
            )
        )
