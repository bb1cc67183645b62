"""The gate between data and training: TFX finds anomalies, but goes on all the same."""

import dataclasses
import json
import logging
import os
from collections.abc import Iterator, Sequence
from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx import types
from tfx.components.example_validator import executor as example_validator_executor
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, component_spec, standard_artifacts, standard_component_specs
from tfx.utils import io_utils

from components.config.data import TRAIN_SPLIT
from components.data_checks.anomaly import Anomaly, anomaly_table
from components.data_checks.blessing import BLESSED_FILE, PROFILE_ID_PROPERTY, REPORT_FILE, DataBlessing
from components.data_checks.bounds import bounds_anomalies
from components.data_checks.config import DriftConfig, QualityConfig
from components.data_checks.drift import Distance, Drift, drift_anomalies, drift_table
from components.data_checks.quality import Measured, measure_quality, quality_anomalies, quality_table
from components.data_profile.component import PROFILE_KEY, TextProfile
from components.data_profile.files import read_profile
from components.data_profile.profile import Profile
from components.data_profile.settings import ProfileSettings
from components.tables import log_table

BLESSING_KEY = "blessing"

_BASELINE_KEY = "baseline_profile"
_CHECKS_KEY = "checks"

# How many anomalies the error tells; the log has all.
_TOLD = 10

_LOGGER = logging.getLogger("seq2seq.data_gate")
_FILE_LOGGER = logging.getLogger(__name__)  # not for the terminal


class DataAnomalyError(ValueError):
    """The data has anomalies; the message, on one line, is for people."""


def schema_anomalies(split: str, anomalies: anomalies_pb2.Anomalies) -> Iterator[Anomaly]:
    """What TFDV says is wrong with a split, feature by feature."""
    for feature, anomaly in sorted(anomalies.anomaly_info.items()):
        yield Anomaly(split, f"feature {feature}", anomaly.description or anomaly.short_description)
    if anomalies.HasField("dataset_anomaly_info"):
        whole = anomalies.dataset_anomaly_info
        yield Anomaly(split, "all examples", whole.description or whole.short_description)


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
        checks = json.loads(exec_properties[_CHECKS_KEY])
        profile_artifact = artifact_utils.get_single_instance(input_dict[PROFILE_KEY])
        profile = read_profile(profile_artifact.uri)
        measured = measure_quality(profile, QualityConfig.model_validate(checks["quality"]))
        if measured:
            log_table(_LOGGER, logging.INFO, quality_table(measured))
        distances = _distances(profile, input_dict.get(_BASELINE_KEY), checks)
        anomalies = [
            *_of_schema(artifact_utils.get_single_instance(input_dict[standard_component_specs.ANOMALIES_KEY])),
            *bounds_anomalies(profile, _read_schema(input_dict)),
            *quality_anomalies(measured),
            *drift_anomalies(distances),
        ]
        if anomalies:
            log_table(_LOGGER, logging.ERROR, anomaly_table(anomalies))
            more = f"; and {len(anomalies) - _TOLD:,} more" if len(anomalies) > _TOLD else ""
            raise DataAnomalyError("; ".join(map(str, anomalies[:_TOLD])) + more)
        blessing = artifact_utils.get_single_instance(output_dict[BLESSING_KEY])
        blessing.set_int_custom_property(PROFILE_ID_PROPERTY, profile_artifact.id)
        _write(blessing.uri, REPORT_FILE, _report(measured, distances))
        _write(blessing.uri, BLESSED_FILE, "")


def _of_schema(artifact: types.Artifact) -> Iterator[Anomaly]:
    for split in artifact_utils.decode_split_names(artifact.split_names):
        uri = artifact_utils.get_split_uri([artifact], split)
        with fileio.open(os.path.join(uri, example_validator_executor.DEFAULT_FILE_NAME), "rb") as file:
            yield from schema_anomalies(split, anomalies_pb2.Anomalies.FromString(file.read()))


def _read_schema(input_dict: dict[str, list[types.Artifact]]):
    uri = artifact_utils.get_single_uri(input_dict[standard_component_specs.SCHEMA_KEY])
    return io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(uri))


def _distances(profile: Profile, baseline: Sequence[types.Artifact] | None, checks: dict[str, Any]) -> list[Distance]:
    if not baseline:
        return []
    old = read_profile(baseline[0].uri)
    drift = Drift(DriftConfig.model_validate(checks["drift"]), ProfileSettings.model_validate(checks["settings"]))
    distances = [
        distance
        for name, split in profile.splits.items()
        if name in old.splits
        for distance in drift.distances(name, split, old.splits[name], old.splits[TRAIN_SPLIT])
    ]
    farthest = max(distances, key=lambda distance: distance.value, default=None)
    if farthest:
        log_table(_FILE_LOGGER, logging.INFO, drift_table("Distances from the data that passed last", distances))
        _LOGGER.info(
            "Farthest from the data that passed last: %s of %s in split %s, %.3g",
            *(farthest.measure, farthest.subject, farthest.split, farthest.value),
        )
    return distances


def _report(measured: Sequence[Measured], distances: Sequence[Distance]) -> str:
    quality = [{**each._asdict(), "finding": each.finding.model_dump()} for each in measured]
    report = {"quality": quality, "drift": [each._asdict() for each in distances]}
    return json.dumps(report, ensure_ascii=False, indent=1)


def _write(folder: str, name: str, content: str) -> None:
    with fileio.open(os.path.join(folder, name), "w") as file:
        file.write(content)


@dataclasses.dataclass(frozen=True)
class DataChecks:
    """What data is held to besides its schema.

    Attributes:
      quality: limits on suspicious pairs.
      drift: limits on distances from the data that passed last.
      settings: those of the profiles that are checked.
    """

    quality: QualityConfig
    drift: DriftConfig
    settings: ProfileSettings

    def to_json(self) -> str:
        """All of it as JSON."""
        return json.dumps({name: section.model_dump(mode="json") for name, section in vars(self).items()})


class DataGateSpec(component_spec.ComponentSpec):
    """What goes into DataGate and comes out of it."""

    PARAMETERS = {
        _CHECKS_KEY: component_spec.ExecutionParameter(type=str),
        "code_version": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        standard_component_specs.ANOMALIES_KEY: component_spec.ChannelParameter(
            type=standard_artifacts.ExampleAnomalies
        ),
        standard_component_specs.SCHEMA_KEY: component_spec.ChannelParameter(type=standard_artifacts.Schema),
        PROFILE_KEY: component_spec.ChannelParameter(type=TextProfile),
        _BASELINE_KEY: component_spec.ChannelParameter(type=TextProfile, optional=True),
    }
    OUTPUTS = {BLESSING_KEY: component_spec.ChannelParameter(type=DataBlessing)}


class DataGate(base_component.BaseComponent):
    """Stops the run where any split has an anomaly: to the schema, of its pairs, or in comparison with earlier data."""

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        checks: DataChecks,
        *,
        anomalies: types.BaseChannel,
        schema: types.BaseChannel,
        profile: types.BaseChannel,
        baseline_profile: types.BaseChannel | None = None,
        code_version: str = "",
    ):
        """Creates the component.

        Args:
          checks: what the data is held to.
          anomalies: channel of ExampleAnomalies.
          schema: channel of the Schema, with bounds or without.
          profile: channel of the TextProfile of this run's data.
          baseline_profile: that of the data to compare with; its channel may be empty.
          code_version: fingerprint of the code, so that new code does not take the old code's result from the cache.
        """
        super().__init__(
            DataGateSpec(
                checks=checks.to_json(),
                anomalies=anomalies,
                schema=schema,
                profile=profile,
                baseline_profile=baseline_profile,
                code_version=code_version,
                blessing=types.Channel(type=DataBlessing),
            )
        )
