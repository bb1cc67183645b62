"""Beam's pipeline options in what TFX compiles of a node."""

from google.protobuf import message
from tfx.proto.orchestration import executable_spec_pb2, placeholder_pb2


def take_arguments(executor_spec: message.Message | None) -> list[str]:
    """Takes Beam's pipeline options out of what TFX computes a node's cache key from.

    On which engine Beam runs changes nothing in what comes of it, and what one engine has done is not done again
    because another one goes on.
    """
    if not isinstance(executor_spec, executable_spec_pb2.BeamExecutableSpec):
        return []
    arguments = list(executor_spec.beam_pipeline_args)
    executor_spec.ClearField("beam_pipeline_args")
    executor_spec.ClearField("beam_pipeline_args_placeholders")
    return arguments


def as_placeholders(arguments: list[str]) -> list[placeholder_pb2.PlaceholderExpression]:
    """Arguments in the form that TFX's operator for Beam takes."""
    return [placeholder_pb2.PlaceholderExpression(value={"string_value": argument}) for argument in arguments]
