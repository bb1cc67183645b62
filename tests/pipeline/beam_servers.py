"""Beam's own job service, and pools of workers, as processes of an environment that has the wheel alone."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

import psutil

_JOB_SERVICE = "apache_beam.runners.portability.local_job_service_main"


class WorkerPool:
    """A worker pool; its workers are processes below it, which see nothing of the checkout."""

    def __init__(self, folder: pathlib.Path, variables: dict[str, str]):
        self.address = f"localhost:{free_port()}"
        program = "from pipeline.cli.main import main; main()"
        command = ["python", "-W", "ignore", "-c", program, "beam-workers", "--address", self.address]
        self._process = start(command, folder, variables, "pool")
        wait_for(self.address, self._process)

    def workers(self):
        """Ids of the workers' processes."""
        return {worker.pid for worker in psutil.Process(self._process.pid).children()}

    def when_there_is_a_worker(self, act):
        """Calls a function once there is one more worker than now."""
        self._watch(lambda pid: act(), lambda pid: True)

    def kill_next_worker_at_work(self):
        """Kills the next worker once it has come so far as to load TensorFlow: that is in the midst of a job."""
        self._watch(
            lambda pid: os.kill(pid, signal.SIGKILL),
            lambda pid: "libtensorflow_framework" in pathlib.Path(f"/proc/{pid}/maps").read_text(),
        )

    def _watch(self, act, condition):
        known = self.workers()

        def watch():
            while True:
                for pid in self.workers() - known:
                    with contextlib.suppress(OSError):
                        if condition(pid):
                            return act(pid)
                time.sleep(0.05)

        threading.Thread(target=watch, daemon=True).start()

    def stop(self):
        """Ends it, with its workers."""
        stop(self._process)


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
