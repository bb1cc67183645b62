"""Beam's own job service, and pools of workers, as processes of an environment that has the wheel alone."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Sequence

import psutil

_JOB_SERVICE = "apache_beam.runners.portability.local_job_service_main"


class WorkerPool:
    """A worker pool: that of the command line, or what another program makes of the last of its arguments."""

    def __init__(
        self,
        folder: pathlib.Path,
        variables: dict[str, str],
        program: Sequence[str] = ("from pipeline.cli.main import main; main()", "beam-workers", "--address"),
    ):
        self.address = f"localhost:{free_port()}"
        self._process = start(["python", "-W", "ignore", "-c", *program, self.address], folder, variables, "pool")
        wait_for(self.address, self._process)

    def workers(self):
        """Ids of the workers' processes, which are forked from one that the pool has for it."""
        return {worker.pid for server in psutil.Process(self._process.pid).children() for worker in server.children()}

    def when_there_is_a_worker(self, act):
        """Calls a function once there is one more worker than now."""
        self._watch(lambda pid: act())

    def kill_next_worker(self):
        """Kills the next worker as soon as it is there."""
        self._watch(lambda pid: os.kill(pid, signal.SIGKILL))

    def kill_next_worker_at_work(self):
        """Kills the next worker once it gets data from the engine, besides instructions."""
        self._watch(lambda pid: os.kill(pid, signal.SIGKILL), lambda pid: len(_connections(pid)) > 1)

    def _watch(self, act, condition=lambda pid: True):
        known = self.workers()

        def watch():
            found = None
            while found is None and self._process.poll() is None:
                time.sleep(0.05)
                with contextlib.suppress(psutil.NoSuchProcess):
                    found = next(filter(condition, self.workers() - known), None)
            if found is not None:
                act(found)

        threading.Thread(target=watch, daemon=True).start()

    def terminate(self):
        """Tells it to end."""
        self._process.terminate()

    def stop(self):
        """Ends it, with its workers."""
        stop(self._process)


def _connections(pid):
    established = psutil.CONN_ESTABLISHED
    return [each for each in psutil.Process(pid).net_connections("tcp") if each.status == established]


class JobService:
    """A job service; what jobs bring along lies in `staged`."""

    def __init__(self, folder: pathlib.Path, variables: dict[str, str]):
        port = free_port()
        self.address = f"localhost:{port}"
        self.staged = folder / f"staged-{port}"
        command = ["python", "-W", "ignore", "-m", _JOB_SERVICE, "--port", str(port), "--staging_dir", self.staged]
        self._process = start(command, folder, variables, f"job-service-{port}")

    def wait(self):
        """Until it listens."""
        wait_for(self.address, self._process)

    def stop(self):
        """Ends it."""
        stop(self._process)


def start(command, folder, variables, name):
    """Starts a process in a folder of its own, its output in a file there."""
    place = folder / name
    place.mkdir(parents=True)
    with open(place / "log.txt", "wb") as log:
        return subprocess.Popen(command, cwd=place, env=variables, stdout=log, stderr=log, start_new_session=True)


def wait_for(address, process, seconds=180):
    """Waits until somebody listens."""
    host, _, port = address.partition(":")
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
            return
        time.sleep(0.1)
    raise TimeoutError(f"nobody listens at {address}")


def stop(process):
    """Ends a process and all below it; one that has ended is left alone."""
    if process.poll() is not None:
        return
    children = psutil.Process(process.pid).children(recursive=True)
    for each in (process, *children):
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            each.kill()
    process.wait()


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return listener.getsockname()[1]
