"""The component that reports on a run."""

import json
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components.data_checks.blessing import DataBlessing
from components.data_profile.component import TextProfile
from components.report.executor import CODE_VERSION_KEY, CONFIG_KEY, REPORT_KEY, Executor, RunReport

_INPUTS = {
    "examples": standard_artifacts.Examples,
    "schema": standard_artifacts.Schema,
    "profile": TextProfile,
    "data_blessing": DataBlessing,
    "model": standard_artifacts.Model,
    "model_run": standard_artifacts.ModelRun,
    "evaluation": standard_artifacts.ModelEvaluation,
    "model_blessing": standard_artifacts.ModelBlessing,
    "pushed_model": standard_artifacts.PushedModel,
}
_OPTIONAL_INPUTS = {
    "hyperparameters": standard_artifacts.HyperParameters,
    "infra_blessing": standard_artifacts.InfraBlessing,
}


class ReportSpec(component_spec.ComponentSpec):
    """What goes into Report and comes out of it."""

    PARAMETERS = {
        CONFIG_KEY: component_spec.ExecutionParameter(type=str),
        CODE_VERSION_KEY: component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        **{key: component_spec.ChannelParameter(type=kind) for key, kind in _INPUTS.items()},
        **{key: component_spec.ChannelParameter(type=kind, optional=True) for key, kind in _OPTIONAL_INPUTS.items()},
    }
    OUTPUTS = {REPORT_KEY: component_spec.ChannelParameter(type=RunReport)}


class Report(base_component.BaseComponent):
    """Writes a page of HTML and a model card on what a run made of which data, pushed or not."""

    SPEC_CLASS = ReportSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, config: dict[str, Any], code_version: str, **channels: types.BaseChannel | None):
        """Creates the component.

        Args:
          config: what the report shows of the configuration: the sections by their names.
          code_version: fingerprint of all code of this project.
          **channels: examples, schema, profile, data_blessing, model, model_run, evaluation, model_blessing and
            pushed_model; hyperparameters and infra_blessing, where there are such.
        """
        given = {key: channel for key, channel in channels.items() if channel is not None}
        super().__init__(
            ReportSpec(
                config=json.dumps(config, ensure_ascii=False),
                code_version=code_version,
                report=types.Channel(type=RunReport),
                **given,
            )
        )
