"""Workers of a pool that end in the midst of a Beam job, at moments at which Beam itself does not notice."""

import os
import pathlib
import signal
import sys
import time

import apache_beam as beam
import psutil
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.environments import ExternalEnvironment

from pipeline.runners.beam_jobs import WORKER_LOST
from tests.pipeline.beam_servers import WorkerPool
from tests.wheel import ROOT

# Which of them is said depends on who is first to see it: the pool its process, or the engine its data channel.
_LOST = "|".join(WORKER_LOST)

# These jobs need nothing of what those of TFX do.
_PROGRAM = "import sys; from pipeline.runners import worker_pool; worker_pool.serve_workers(sys.argv[1], preloaded=())"


@pytest.fixture(scope="module")
def make_pool(tmp_path_factory):
    """Makes pools of workers that see the checkout."""
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
    variables = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    pools = []

    def make():
        pools.append(WorkerPool(tmp_path_factory.mktemp("pool"), variables, [_PROGRAM]))
        return pools[-1]

    yield make
    for pool in pools:
        pool.stop()


@pytest.fixture(scope="module")
def pool(make_pool):
    """A pool of workers."""
    return make_pool()


class _Dies(beam.DoFn):
    """Kills the process that it is in: before its data channel is open, or once all it gives out has gone."""

    def __init__(self, method):
        self._method = method

    def setup(self):
        if self._method == "setup":
            os.kill(os.getpid(), signal.SIGKILL)

    def process(self, element):
        if self._method == "process":
            os.kill(os.getpid(), signal.SIGKILL)


def run(pool, *steps):
    """Runs a job with workers of the pool, which gives what it has made into a file."""
    with beam.Pipeline(runner=FnApiRunner(ExternalEnvironment(pool.address))) as pipeline:
        made = pipeline | beam.Create([1, 2, 3])
        for step in steps:
            made = made | step


@pytest.mark.parametrize("method", ["setup", "process"])
def test_a_worker_that_ends_at_work_fails_the_job_and_the_pool_has_more(pool, tmp_path, method):
    with pytest.raises(RuntimeError, match=_LOST):
        run(pool, beam.ParDo(_Dies(method)))
    run(pool, beam.io.WriteToText(str(tmp_path / "numbers"), shard_name_template=""))
    assert sorted((tmp_path / "numbers").read_text("utf-8").split()) == ["1", "2", "3"]


def test_a_worker_that_ends_before_it_has_spoken_fails_the_job(pool):
    pool.kill_next_worker()
    with pytest.raises(RuntimeError, match=_LOST):
        run(pool, beam.Map(print))


def test_workers_end_with_their_job(pool):
    run(pool, beam.Map(print))
    deadline = time.monotonic() + 60
    while pool.workers() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not pool.workers()


def test_a_pool_that_is_told_to_end_takes_its_workers_along_and_fails_their_jobs(make_pool):
    pool, workers = make_pool(), []
    pool.when_there_is_a_worker(lambda: (workers.extend(pool.workers()), pool.terminate()))
    with pytest.raises(RuntimeError, match=_LOST):
        run(pool, beam.Map(lambda _: time.sleep(600)))
    assert [psutil.pid_exists(worker) for worker in workers] == [False]
