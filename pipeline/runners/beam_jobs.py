"""Beam jobs of one node, on an engine that may be gone, or may lose a worker."""

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

import grpc
from google.protobuf import message
from tfx.proto.orchestration import executable_spec_pb2, placeholder_pb2

_ATTEMPTS = 3
_CONNECT_SECONDS = 5

_ENDPOINT = "--job_endpoint="
_IN_POOL = "--environment_type=EXTERNAL"
_WORKERS = "--environment_config="

# What Beam's own runner says, in this process or behind its job service, when a worker has ended in the midst of work.
_WORKER_LOST = "Channel closed prematurely"

# What gRPC says where nobody listens.
_UNREACHABLE = "UNAVAILABLE"

_LOGGER = logging.getLogger("seq2seq.beam")
_FILE_LOGGER = logging.getLogger(__name__)  # not for the terminal

Result = TypeVar("Result")


class JobServerGoneError(RuntimeError):
    """No job server answers, or none does any more; the message names its address."""


class WorkersUnreachableError(RuntimeError):
    """The engine cannot reach its pool of workers; the message names the address."""


class WorkerLostError(RuntimeError):
    """Workers have ended in the midst of a job, each time that it was started."""


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


def run_jobs(node: str, arguments: list[str], run: Callable[[], Result]) -> Result:
    """Runs the Beam jobs of a node, anew where a worker was lost.

    Args:
      node: name of the node.
      arguments: Beam's pipeline options.
      run: does it; can be called again.

    Raises:
      JobServerGoneError: there is no job server, or it has gone away.
      WorkersUnreachableError: there is no pool of workers where the engine looks for it, or it has gone away.
      WorkerLostError: a worker was lost in every attempt.
      Exception: whatever else `run` raises.
    """
    if not arguments:
        return run()
    endpoint = _value(arguments, _ENDPOINT)
    pool = _value(arguments, _WORKERS) if _IN_POOL in arguments else None
    if endpoint is not None:
        _check_answers(endpoint)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return run()
        except Exception as error:
            _FILE_LOGGER.exception("a Beam job of %s failed", node)
            if endpoint is not None and _lost_connection(error):
                raise JobServerGoneError(
                    f"the Beam job server at {endpoint} has gone away; once it is back, run again: what had completed"
                    " comes from the cache"
                ) from None
            if pool is not None and any(_UNREACHABLE in str(each) for each in _chain(error)):
                raise WorkersUnreachableError(
                    f"the engine does not reach the workers at {pool}: start them there, or name others in workers"
                ) from None
            if not any(_WORKER_LOST in str(each) for each in _chain(error)):
                raise
        if attempt < _ATTEMPTS:
            _LOGGER.warning("%s lost a Beam worker; its job starts anew (%d of %d)", node, attempt + 1, _ATTEMPTS)
    raise WorkerLostError(f"a Beam worker was lost in each of {_ATTEMPTS} attempts; was it out of memory?")


def _value(arguments: list[str], option: str) -> str | None:
    return next((each.removeprefix(option) for each in reversed(arguments) if each.startswith(option)), None)


def _check_answers(endpoint: str) -> None:
    with grpc.insecure_channel(endpoint) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=_CONNECT_SECONDS)
        except grpc.FutureTimeoutError:
            raise JobServerGoneError(
                f"no Beam job server answers at {endpoint}: start it, or name another one in job_endpoint"
            ) from None


def _lost_connection(error: Exception) -> bool:
    return any(
        isinstance(each, grpc.RpcError) and isinstance(each, grpc.Call) and each.code() == grpc.StatusCode.UNAVAILABLE
        for each in _chain(error)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
