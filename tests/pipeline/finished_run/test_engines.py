"""The Beam pipelines of the components by Beam's job API, in workers that have nothing of this checkout.

SEQ2SEQ_TEST_JOB_ENDPOINT is the address of a job server that runs, as of Flink, which is tested as well, and
SEQ2SEQ_TEST_WORKERS that of the pools of workers as it sees them. SEQ2SEQ_TEST_PRISM is a program of Prism, or 1, and
then it is built with Go. SEQ2SEQ_TEST_FLINK is a folder for a session cluster of Flink.

What needs a job server runs where SEQ2SEQ_TEST_ENGINES is set: it takes minutes.
"""

import contextlib
import json
import logging
import os
import pathlib
import shutil
import subprocess

import grpc
import pytest

from pipeline.config_file import load_config
from pipeline.history import read_runs
from pipeline.workspace import Workspace
from tests.pipeline.beam_servers import JobService, WorkerPool, free_port, start, stop, wait_for
from tests.pipeline.same_outcome import assert_same_data, assert_same_evaluation
from tests.pipeline.toy_task import seq2seq, write_task
from tests.wheel import ROOT

pytestmark = pytest.mark.tfx

where_asked_for = pytest.mark.skipif(
    "SEQ2SEQ_TEST_ENGINES" not in os.environ,
    reason="SEQ2SEQ_TEST_ENGINES is not set: job servers and workers are started and killed where it is",
)


@pytest.fixture(scope="module")
def pool(variables, tmp_path_factory):
    """A pool of workers, shared by all jobs."""
    pool = WorkerPool(tmp_path_factory.mktemp("pool"), {**variables, "TF_CPP_MIN_LOG_LEVEL": "2"})
    yield pool
    pool.stop()


@pytest.fixture(scope="module")
def services(variables, tmp_path_factory):
    """Two job services."""
    folder = tmp_path_factory.mktemp("services")
    services = [JobService(folder, variables) for _ in range(2)]
    for service in services:
        service.wait()
    yield services
    for service in services:
        service.stop()


@pytest.fixture(scope="module")
def troubled(pool, services, tmp_path_factory):
    """A task, and two runs up to training: in the first the job service was killed, in the second a worker."""
    task = write_task(tmp_path_factory.mktemp("troubled"))
    first, second = services
    outcomes = [
        run_until_training(
            task,
            beam(first.address, pool.address, has_package=False),
            {("TextProfiler", "started"): lambda: pool.when_there_is_a_worker(first.stop)},
        ),
        run_until_training(
            task,
            beam(second.address, pool.address),
            {("Transform", "started"): pool.kill_next_worker_at_work},
        ),
    ]
    return task, outcomes


class EnoughError(Exception):
    """The run has come as far as is wanted."""


class Watch(logging.Handler):
    """Acts where a node has come to a state, and ends the run where it would train."""

    def __init__(self, actions):
        super().__init__()
        self._actions = actions

    def emit(self, record):
        event = record.node_event
        if (event.node, event.state) == ("Trainer", "started"):
            raise EnoughError
        self._actions.get((event.node, event.state), lambda: None)()


def run_until_training(task, engine, actions=None):
    """The outcome of `seq2seq run` with an engine, and the states of the nodes."""
    watch = Watch(actions or {})
    logging.getLogger("seq2seq.run").addHandler(watch)
    try:
        outcome = seq2seq("run", task.config, "--set", f"beam={json.dumps(engine)}")
    finally:
        logging.getLogger("seq2seq.run").removeHandler(watch)
    return outcome, read_runs(load_config(task.config))[-1].nodes


def beam(job_endpoint, workers, **settings):
    """The section beam for a job server and a pool."""
    environment = {"environment": "pool", "address": workers, **settings}
    return {"engine": "portable", "portable": {"job_endpoint": job_endpoint, "workers": environment}}


@where_asked_for
def test_a_job_server_that_goes_away_is_named_in_one_line(troubled, services):
    _, [(outcome, states), _] = troubled
    assert outcome.exit_code == 1
    told = f"TextProfiler failed: the Beam job server at {services[0].address} has gone away; once it is back, "
    assert told in outcome.output
    assert "Traceback" not in outcome.output
    assert states["TextProfiler"] == "failed"


@where_asked_for
def test_the_next_run_goes_on_with_another_job_server(troubled):
    _, [_, (_, states)] = troubled
    assert states["ParallelTextExampleGen"] == states["StatisticsGen"] == "cached"
    assert states["TextProfiler"] == states["Transform"] == "completed"


@where_asked_for
def test_a_killed_worker_is_replaced_and_that_is_told(troubled):
    _, [_, (outcome, _)] = troubled
    assert "Transform lost a Beam worker; its job starts anew (2 of 3)" in outcome.output
    assert "Traceback" not in outcome.output


@where_asked_for
def test_what_comes_of_it_is_what_beams_own_runner_makes(troubled, finished):
    assert_same_data(troubled[0], finished[1])


@where_asked_for
def test_workers_without_the_package_are_sent_the_wheel_and_others_nothing(troubled, services):
    task, _ = troubled
    [wheel] = Workspace.of(load_config(task.config)).packages.iterdir()
    staged = [path for path in services[0].staged.rglob("*") if path.is_file()]
    assert {path.read_bytes() for path in staged if path.suffix == ".whl"} == {wheel.read_bytes()}
    assert not [path for path in staged if path.name.endswith(".tar.gz")]
    assert not [path for path in services[1].staged.rglob("*") if path.is_file()]


@where_asked_for
def test_an_evaluation_has_the_figures_of_beams_own_runner(services, pool, finished, tmp_path):
    assert_same_evaluation(tmp_path, beam(services[1].address, pool.address), finished[1])


@where_asked_for
def test_a_prediction_has_the_answers_of_beams_own_runner(services, pool, finished, tmp_path):
    config = finished[1].config
    sources = tmp_path / "sources.txt"
    sources.write_text("abc\nCAB\n\né\n" * 5, encoding="utf-8")
    engine = f"beam={json.dumps(beam(services[1].address, pool.address))}"
    for name, settings in (("ours", ()), ("theirs", ("--set", engine))):
        outcome = seq2seq(
            *("predict", config, "--input", sources, "--output", tmp_path / f"{name}.jsonl", "--shards", 2, *settings)
        )
        assert outcome.exit_code == 0, outcome.output
    ours, theirs = (
        [json.loads(line) for shard in sorted(tmp_path.glob(f"{name}-*.jsonl")) for line in shard.open("rb")]
        for name in ("ours", "theirs")
    )
    assert len(ours) == 20
    for one, other in zip(ours, theirs, strict=True):
        assert other == {**one, "score": pytest.approx(one["score"], abs=1e-5)}


def test_where_there_is_no_job_server_its_address_is_told(tmp_path):
    task = write_task(tmp_path)
    address = f"localhost:{free_port()}"
    outcome, states = run_until_training(task, beam(address, "localhost:1"))
    assert outcome.exit_code == 1
    assert f"ParallelTextExampleGen failed: no Beam job server answers at {address}: start it" in outcome.output
    assert "Traceback" not in outcome.output
    assert states == {"ParallelTextExampleGen": "failed"}


@where_asked_for
def test_where_there_are_no_workers_their_address_is_told(services, tmp_path):
    task = write_task(tmp_path)
    address = f"localhost:{free_port()}"
    outcome, states = run_until_training(task, beam(services[1].address, address))
    assert outcome.exit_code == 1
    told = f"ParallelTextExampleGen failed: the engine does not reach the workers at {address}: start them there"
    assert told in outcome.output
    assert states == {"ParallelTextExampleGen": "failed"}


@pytest.fixture(params=["SEQ2SEQ_TEST_JOB_ENDPOINT", "SEQ2SEQ_TEST_PRISM", "SEQ2SEQ_TEST_FLINK"])
def other_engine(request, pool, tmp_path):
    """Another engine, where one is named."""
    given = os.environ.get(request.param)
    if not given:
        pytest.skip(f"{request.param} names no other engine")
    workers = os.environ.get("SEQ2SEQ_TEST_WORKERS", pool.address)
    if request.param == "SEQ2SEQ_TEST_JOB_ENDPOINT":
        yield beam(given, workers)
        return
    if request.param == "SEQ2SEQ_TEST_FLINK":
        process = _flink(given)
        workers = {"environment": "pool", "address": "beam-workers:50000"}
        yield {"engine": "flink", "flink": {"job_endpoint": "localhost:8099", "parallelism": 2, "workers": workers}}
        process.terminate()
        process.wait()
        return
    port = free_port()
    command = [_prism(given, tmp_path), f"--job_port={port}", "--serve_http=false"]
    process = start(command, tmp_path, dict(os.environ), "prism-log")
    wait_for(f"localhost:{port}", process)
    yield beam(f"localhost:{port}", workers)
    stop(process)


def _flink(folder):
    process = subprocess.Popen([ROOT / "deploy" / "flink" / "session.sh", folder], stderr=subprocess.PIPE, text=True)
    with grpc.insecure_channel("localhost:8099") as channel:
        ready = grpc.channel_ready_future(channel)
        while process.poll() is None:
            with contextlib.suppress(grpc.FutureTimeoutError):
                ready.result(timeout=1)
                return process
    return pytest.skip(process.stderr.read())


def _prism(given, folder):
    if given != "1":
        return given
    go = shutil.which("go")
    if go is None:
        pytest.skip("SEQ2SEQ_TEST_PRISM is 1, but there is no go on PATH to build Prism with")
    module = "github.com/apache/beam/sdks/v2"
    for words in (
        ["mod", "init", "scratch"],
        ["get", f"{module}/go/cmd/prism@v2.77.0"],
        ["build", "-o", "prism", f"{module}/go/cmd/prism"],
    ):
        subprocess.run([go, *words], cwd=folder, check=True, capture_output=True)
    return pathlib.Path(folder, "prism")


@where_asked_for
def test_another_engine_makes_the_same(other_engine, finished, tmp_path):
    (tmp_path / "task").mkdir()
    task = write_task(tmp_path / "task")
    outcome, states = run_until_training(task, other_engine)
    assert states["Transform"] == "completed", outcome.output
    assert_same_data(task, finished[1])
    assert_same_evaluation(tmp_path / "evaluation", other_engine, finished[1])
