"""The part of a pipeline that takes data in: pairs are read, described, and held to what is wanted of them."""

import dataclasses
from pathlib import Path

from google.protobuf import text_format
from tfx.components import ExampleValidator, StatisticsGen
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration import pipeline as tfx_pipeline

from components.data_gate import DataChecks, DataGate
from components.data_profile.component import TextProfiler
from components.data_profile.settings import ProfileSettings
from components.example_gen import ParallelTextExampleGen
from components.schema_file import read_schema
from components.schema_gen import TextSchemaGen
from components.statistics_options import text_statistics_options
from pipeline.code_version import code_version
from pipeline.config import Config
from pipeline.placement import OnThisMachine, Placement

_READING_CODE = ("components.config.data", "components.config.span_pattern", "components.example_gen")
_PROFILE_CODE = ("components.data_profile", "transform")
_CHECKS_CODE = ("components.schema_gen", "components.data_gate", "components.data_checks", "components.data_profile")


@dataclasses.dataclass(frozen=True)
class Ingestion:
    """The nodes, in the order in which they run; optional ones are None where the place has no use for them."""

    input_state: BaseNode | None
    examples: BaseNode
    statistics: BaseNode
    profile: BaseNode
    schema: BaseNode
    anomalies: BaseNode
    earlier_profile: BaseNode | None
    gate: BaseNode

    @property
    def nodes(self) -> list[BaseNode]:
        """All of them."""
        return [node for node in vars(self).values() if node is not None]


def create_ingestion(config: Config, placement: Placement) -> Ingestion:
    """Builds the nodes for a task.

    Raises:
      SchemaError: there is no reviewed schema where the configuration says.
    """
    # Looks at the files of pairs, where no driver does.
    input_state = placement.input_state()

    # Reads the pairs, refuses or counts bad rows, and makes the splits.
    examples = ParallelTextExampleGen(
        config.data,
        code_version=code_version(*_READING_CODE),
        base=placement.data,
        input_state=input_state.outputs["state"].future()[0].value if input_state else None,
    )

    # Describes every split in figures.
    statistics = StatisticsGen(examples=examples.outputs["examples"], stats_options=text_statistics_options())

    # Counts what TFX's statistics cannot: tokens, duplicates, and sources that stand in several splits.
    settings = profile_settings(config)
    profile = TextProfiler(settings, examples=examples.outputs["examples"], code_version=code_version(*_PROFILE_CODE))

    # Takes the reviewed schema, or learns from the training split what a valid example is.
    checks_code = code_version(*_CHECKS_CODE)
    schema = TextSchemaGen(
        statistics=statistics.outputs["statistics"], reviewed=_reviewed_schema(config), code_version=checks_code
    )

    # Finds examples, in any split, that the schema does not allow.
    anomalies = ExampleValidator(statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"])

    # Finds the profile of the data that passed last.
    earlier_profile = placement.profile_to_compare_with(profile.outputs["profile"])

    # Stops the run where anything is wrong.
    gate = DataGate(
        DataChecks(quality=config.data.quality, drift=config.data.drift, settings=settings),
        anomalies=anomalies.outputs["anomalies"],
        schema=schema.outputs["schema"],
        profile=profile.outputs["profile"],
        baseline_profile=earlier_profile.outputs["profile"] if earlier_profile else None,
        code_version=checks_code,
    )
    return Ingestion(input_state, examples, statistics, profile, schema, anomalies, earlier_profile, gate)


def create_description_pipeline(config: Config) -> tfx_pipeline.Pipeline:
    """A pipeline that reads and describes the data, and infers a schema with bounds, to be reviewed.

    It judges nothing. A whole run takes what it has read and described from the cache.
    """
    placement = OnThisMachine(config)
    unreviewed = config.data.model_copy(update={"schema_file": None})
    data = create_ingestion(config.model_copy(update={"data": unreviewed}), placement)
    schema = TextSchemaGen(
        statistics=data.statistics.outputs["statistics"],
        profile=data.profile.outputs["profile"],
        code_version=code_version(*_CHECKS_CODE),
    ).with_id("SchemaForReview")
    components = [data.examples, data.statistics, data.profile, schema]
    placement.set_engines(components)
    return tfx_pipeline.Pipeline(
        pipeline_name=config.name,
        pipeline_root=placement.root,
        components=components,
        enable_cache=True,
        metadata_connection_config=placement.metadata,
    )


def profile_settings(config: Config) -> ProfileSettings:
    """How the texts of a task are profiled."""
    return ProfileSettings(
        source=config.source,
        target=config.target,
        shared_vocabulary=config.shared_vocabulary,
        slice_keys=config.data.slice_keys,
        near_empty_tokens=config.data.quality.near_empty_tokens,
        extreme_length_ratio=config.data.quality.extreme_length_ratio,
    )


def _reviewed_schema(config: Config) -> str | None:
    if config.data.schema_file is None:
        return None
    return text_format.MessageToString(read_schema(Path(config.data.schema_file)))
