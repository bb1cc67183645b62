"""A model server as a process on this machine: TensorFlow Serving's binary if it is there, else the local server."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

from tfx.components.infra_validator import error_types
from tfx.components.infra_validator.model_server_runners import base_runner
from tfx.utils.model_paths import tf_serving_flavor

BINARY = "tensorflow_model_server"

_SECONDS_TO_STOP = 10


class ProcessRunner(base_runner.BaseModelServerRunner):
    """Runs a server as a subprocess on a free port; `Stop` ends it, whatever came before."""

    def __init__(self, model_path: str, model_name: str):
        """Makes a runner.

        Args:
          model_path: BASE/MODEL_NAME/VERSION, the folder of a SavedModel.
          model_name: name under which it is served.
        """
        self._port = _free_port()
        base_path = os.path.join(tf_serving_flavor.parse_model_base_path(model_path), model_name)
        binary = shutil.which(BINARY)
        # The binary listens on all addresses, and cannot be told not to.
        program = [binary] if binary else [sys.executable, "-m", "serving.server", "--host=localhost"]
        self._command = [
            *program,
            *(f"--port={self._port}", f"--model_name={model_name}", f"--model_base_path={base_path}"),
            # One try, and no other version afterwards.
            *("--max_num_load_retries=0", "--file_system_poll_wait_seconds=0"),
        ]
        self._name = BINARY if binary else "the local model server"
        self._process: subprocess.Popen | None = None
        self._log = ""  # path of what it writes; empty where it does not run

    def __repr__(self) -> str:
        return self._name

    def GetEndpoint(self) -> str:
        """Address of gRPC."""
        return f"localhost:{self._port}"

    def Start(self) -> None:
        """Starts the process.

        Raises:
          OSError: it cannot be started.
        """
        descriptor, self._log = tempfile.mkstemp(prefix="model-server-", suffix=".log")
        with open(descriptor, "wb") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for this process, which ends the server in its own time.
                start_new_session=True,
            )

    def WaitUntilRunning(self, deadline: float) -> None:
        """Returns at once where the process runs.

        Raises:
          JobAborted: it has ended.
        """
        del deadline  # a process runs from its start
        status = self._process.poll()
        if status is not None:
            how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"
            raise error_types.JobAborted(f"{self} {how}")

    def Stop(self) -> None:
        """Ends the process and all that it has started."""
        if self._process is not None:
            try:
                self._signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(_SECONDS_TO_STOP)
            finally:
                self._signal(signal.SIGKILL)
                self._process.wait()
        if self._log:
            os.unlink(self._log)
            self._log = ""

    def GetLogs(self) -> str | None:
        """What the process has written; None where it does not run."""
        if not self._log:
            return None
        with open(self._log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def _free_port() -> int:
    # The binary does not tell which port it took when it was given 0.
    with socket.socket() as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]
