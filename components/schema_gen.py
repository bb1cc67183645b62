"""The schema of parallel text: texts are free, slice keys take the values that the training split has."""

import os
from typing import Any

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2
from tfx import types
from tfx.components.schema_gen import executor as schema_gen_executor
from tfx.components.statistics_gen import stats_artifact_utils
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, component_spec, standard_artifacts, standard_component_specs
from tfx.utils import io_utils

from components.config.data import TRAIN_SPLIT
from components.data_checks.bounds import add_bounds
from components.data_profile.component import PROFILE_KEY, TextProfile
from components.data_profile.files import read_profile
from transform.features import EXAMPLE_WEIGHT, REFERENCES, SOURCE, TARGET

# A slice key with more values than this may have any, as in TFDV.
MAX_DOMAIN_SIZE = 100

_REVIEWED_KEY = "reviewed"


def infer_text_schema(statistics: statistics_pb2.DatasetFeatureStatisticsList) -> schema_pb2.Schema:
    """Schema of examples of which these are the statistics.

    Every feature must be in every example, with one value (REFERENCES: one or more). Any text is allowed on either
    side, and any weight. A slice key may only have the values that were seen, unless these are more than
    MAX_DOMAIN_SIZE. TFDV's own inference gives small data a domain for texts, and to slice keys of digits every number.
    """
    schema = schema_pb2.Schema()
    for statistic in statistics.datasets[0].features:
        [name] = statistic.path.step
        is_weight = name == EXAMPLE_WEIGHT
        feature = schema.feature.add(name=name, type=schema_pb2.FLOAT if is_weight else schema_pb2.BYTES)
        feature.presence.min_fraction = 1.0
        feature.presence.min_count = 1
        if name == REFERENCES:
            feature.value_count.min = 1
        else:
            feature.shape.dim.add(size=1)
        is_slice_key = not is_weight and name not in (SOURCE, TARGET, REFERENCES)
        if is_slice_key and statistic.string_stats.unique <= MAX_DOMAIN_SIZE:
            seen = sorted(bucket.label for bucket in statistic.string_stats.rank_histogram.buckets)
            schema.string_domain.add(name=name, value=seen)
            feature.domain = name
    return schema


class Executor(base_executor.BaseExecutor):
    """Executor of TextSchemaGen."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the schema, as text, under the name that TFX's SchemaGen gives it."""
        self._log_startup(input_dict, output_dict, exec_properties)
        reviewed = exec_properties.get(_REVIEWED_KEY)
        if reviewed:
            schema = text_format.Parse(reviewed, schema_pb2.Schema())
        else:
            statistics = artifact_utils.get_single_instance(input_dict[standard_component_specs.STATISTICS_KEY])
            schema = infer_text_schema(stats_artifact_utils.load_statistics(statistics, TRAIN_SPLIT).proto())
            for profile in input_dict.get(PROFILE_KEY, []):
                add_bounds(schema, read_profile(profile.uri))
        uri = artifact_utils.get_single_uri(output_dict[standard_component_specs.SCHEMA_KEY])
        io_utils.write_pbtxt_file(os.path.join(uri, schema_gen_executor.DEFAULT_FILE_NAME), schema)


class TextSchemaGenSpec(component_spec.ComponentSpec):
    """What goes into TextSchemaGen and comes out of it."""

    PARAMETERS = {
        _REVIEWED_KEY: component_spec.ExecutionParameter(type=str, optional=True),
        "code_version": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        standard_component_specs.STATISTICS_KEY: component_spec.ChannelParameter(
            type=standard_artifacts.ExampleStatistics
        ),
        PROFILE_KEY: component_spec.ChannelParameter(type=TextProfile, optional=True),
    }
    OUTPUTS = {standard_component_specs.SCHEMA_KEY: component_spec.ChannelParameter(type=standard_artifacts.Schema)}


class TextSchemaGen(base_component.BaseComponent):
    """Learns the schema from the training split alone, so that what the other splits have besides is an anomaly.

    Where there is a reviewed schema, it takes that.
    """

    SPEC_CLASS = TextSchemaGenSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        statistics: types.BaseChannel,
        profile: types.BaseChannel | None = None,
        reviewed: str | None = None,
        code_version: str = "",
    ):
        """Creates the component.

        Args:
          statistics: channel of ExampleStatistics, the training split's among them.
          profile: channel of the TextProfile whose lengths and unknown tokens become bounds of the schema; without it
            there are no bounds.
          reviewed: a Schema in the text format of Protocol Buffers. It travels as text, and not as a path, so that a
            change of it is seen by the cache, and that no container needs the file.
          code_version: fingerprint of the code, so that new code does not take the old code's result from the cache.
        """
        super().__init__(
            TextSchemaGenSpec(
                statistics=statistics,
                profile=profile,
                reviewed=reviewed,
                code_version=code_version,
                schema=types.Channel(type=standard_artifacts.Schema),
            )
        )
