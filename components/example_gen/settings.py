"""How the component's settings travel: as JSON in TFX's custom_config, recorded and part of the cache key."""

import json
from collections.abc import Iterable
from typing import Any

from google.protobuf import wrappers_pb2
from tfx.proto import example_gen_pb2
from tfx.utils import proto_utils

from components.config.data import DataConfig

# What is decided after the pairs have been read, and is no reason to read them anew.
_NOT_READ = {"schema_file", "quality", "drift"}


def pack_settings(data: DataConfig, code_version: str) -> example_gen_pb2.CustomConfig:
    """The settings, and the fingerprint of the code that they are for, as a custom_config."""
    return _packed({"data": data.model_dump(mode="json", exclude=_NOT_READ), "code_version": code_version})


def unpack_settings(custom_config: str) -> DataConfig:
    """The settings in the custom_config that an executor is given, as JSON."""
    return DataConfig.model_validate(_unpacked(custom_config)["data"])


def without_span(custom_config: str) -> str:
    """A custom_config in JSON whose settings ask for no span, as those of one that takes the newest."""
    settings = _unpacked(custom_config)
    settings["data"]["span"] = None
    return proto_utils.proto_to_json(_packed(settings))


def _packed(settings: dict[str, Any]) -> example_gen_pb2.CustomConfig:
    custom_config = example_gen_pb2.CustomConfig()
    custom_config.custom_config.Pack(wrappers_pb2.StringValue(value=json.dumps(settings, ensure_ascii=False)))
    return custom_config


def _unpacked(custom_config: str) -> dict[str, Any]:
    message = proto_utils.json_to_proto(custom_config, example_gen_pb2.CustomConfig())
    packed = wrappers_pb2.StringValue()
    message.custom_config.Unpack(packed)
    return json.loads(packed.value)


def pack_patterns(data: DataConfig) -> example_gen_pb2.Input:
    """All patterns, each an input split of its own, so that the driver sees a change of any file."""
    return example_gen_pb2.Input(
        splits=[
            example_gen_pb2.Input.Split(name=f"input_{index}_{side}", pattern=pattern)
            for index, entry in enumerate(data.inputs)
            for side, pattern in zip(("source", "target"), entry.patterns(), strict=False)
        ]
    )


def unpack_patterns(input_config: str) -> list[str]:
    """The patterns in the input_config that an executor is given, as JSON; the driver has filled in the spans."""
    return [split.pattern for split in proto_utils.json_to_proto(input_config, example_gen_pb2.Input()).splits]


def by_entry(patterns: Iterable[str], data: DataConfig) -> list[list[str]]:
    """Patterns in the order of `pack_patterns`, those of each entry of `data.inputs` together."""
    rest = iter(patterns)
    return [[next(rest) for _ in entry.patterns()] for entry in data.inputs]
