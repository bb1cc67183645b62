"""A candidate on a running model server: from the start of the server to its end, whatever happens between."""

import contextlib
import logging
import time
from collections.abc import Iterator

import grpc
from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc
from tfx.components.infra_validator import error_types
from tfx.components.infra_validator.model_server_runners import base_runner

from components.serving_validator.caller import Caller
from components.serving_validator.errors import NoAnswerError, RejectedError

_LOGGER = logging.getLogger("seq2seq.serving_validator")

_POLL_SECONDS = 0.2
_STATUS_SECONDS = 5.0
# Between the end of a process's connections and its own.
_SECONDS_TO_DIE = 0.5
_LOG_LINES = 20
# How both servers say, before they end, that they could not load what they were started with.
_CANNOT_LOAD = "did not become available"

_State = get_model_status_pb2.ModelVersionStatus.State


class ServerError(RuntimeError):
    """The server failed, so that nothing is known of the model; the message is one line."""


@contextlib.contextmanager
def served(
    runner: base_runner.BaseModelServerRunner, model_name: str, most_seconds: float, call_seconds: float
) -> Iterator[Caller]:
    """Starts a server, gives a caller once the model is available, and stops the server at the end of the block.

    Args:
      runner: starts and stops the server.
      model_name: name of the model.
      most_seconds: how long it may take until the model is available.
      call_seconds: how long a call may take within the block.

    Raises:
      RejectedError: the server cannot load the model; or raised within the block.
      ServerError: the server could not be started, ended, or did not answer in time.
    """
    started = time.time()
    try:
        runner.Start()
        _wait_until_available(runner, model_name, started + most_seconds)
        _LOGGER.info("%r serves the model after %.1f s", runner, time.time() - started)
        with Caller(runner.GetEndpoint(), model_name, call_seconds) as caller:
            yield caller
    except error_types.GracefulShutdown:
        raise
    except NoAnswerError as error:
        _log_tail(runner)
        raise ServerError(f"{error} ({_state_of(runner)})") from None
    except (error_types.InfraValidationError, OSError) as error:
        _log_tail(runner)
        raise ServerError(str(error)) from None
    finally:
        runner.Stop()


def _wait_until_available(runner: base_runner.BaseModelServerRunner, model_name: str, deadline: float) -> None:
    address = None
    while time.time() < deadline:
        try:
            runner.WaitUntilRunning(deadline)
        except error_types.JobAborted as error:
            said = [line for line in _log_lines(runner) if _CANNOT_LOAD in line]
            if said:
                raise RejectedError("the model cannot be loaded", "load the model", said[-1]) from None
            raise error_types.JobAborted(f"{error} before it served the model") from None
        address = address or runner.GetEndpoint()
        status = _status(address, model_name)
        if status is not None and status.state == _State.AVAILABLE:
            return
        if status is not None and status.state == _State.END:
            answer = " ".join(status.status.error_message.split())
            raise RejectedError("the model cannot be loaded", "load the model", answer)
        time.sleep(_POLL_SECONDS)
    raise error_types.DeadlineExceeded(
        f"{runner!r} did not serve the model in the time allowed by serving.validation.max_start_seconds"
    )


def _status(address: str, model_name: str) -> get_model_status_pb2.ModelVersionStatus | None:
    """Status of the model's newest version; None while there is no answer."""
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = model_name
    with grpc.insecure_channel(address) as channel:
        try:
            response = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(request, timeout=_STATUS_SECONDS)
        except grpc.RpcError:
            return None
    return max(response.model_version_status, key=lambda status: status.version, default=None)


def _state_of(runner: base_runner.BaseModelServerRunner) -> str:
    time.sleep(_SECONDS_TO_DIE)
    try:
        runner.WaitUntilRunning(time.time())
    except error_types.InfraValidationError as error:
        return str(error)
    return f"{runner!r} is still running"


def _log_lines(runner: base_runner.BaseModelServerRunner) -> list[str]:
    return [line.strip() for line in (runner.GetLogs() or "").splitlines() if line.strip()]


def _log_tail(runner: base_runner.BaseModelServerRunner) -> None:
    lines = _log_lines(runner)[-_LOG_LINES:]
    _LOGGER.error("The server's log %s", "is empty" if not lines else "ends with:")
    for line in lines:
        _LOGGER.error("  %s", line)
