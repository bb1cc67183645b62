"""Beam jobs on an engine that may be gone, or may lose a worker."""

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

import grpc

_ATTEMPTS = 3
_CONNECT_SECONDS = 5

_ENDPOINT = "--job_endpoint="
_IN_POOL = "--environment_type=EXTERNAL"
_WORKERS = "--environment_config="

# The error of an instruction whose worker has ended, as our pool of workers answers it.
WORKER_ENDED = "the Beam worker has ended in the midst of work"

# What is said when a worker has ended in the midst of work: by our pool, or by the engine where it finds out first.
WORKER_LOST = (WORKER_ENDED, "Channel closed prematurely")

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


def run_jobs(name: str, arguments: list[str], run: Callable[[], Result]) -> Result:
    """Runs the Beam jobs of a node, or of something else, anew where a worker was lost.

    Args:
      name: what people know it by.
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
            _FILE_LOGGER.exception("a Beam job of %s failed", name)
            if endpoint is not None and _lost_connection(error):
                raise JobServerGoneError(
                    f"the Beam job server at {endpoint} has gone away; once it is back, run again: what had completed"
                    " is not done again"
                ) from None
            if pool is not None and any(_UNREACHABLE in str(each) for each in _chain(error)):
                raise WorkersUnreachableError(
                    f"the engine does not reach the workers at {pool}: start them there, or name others in workers"
                ) from None
            if not any(said in str(each) for each in _chain(error) for said in WORKER_LOST):
                raise
        if attempt < _ATTEMPTS:
            _LOGGER.warning("%s lost a Beam worker; its job starts anew (%d of %d)", name, attempt + 1, _ATTEMPTS)
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
