"""Runs whose ML Metadata is in a real MariaDB or PostgreSQL."""

import concurrent.futures
import json
import logging
import pathlib
import time

import pytest
import typer
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.types import standard_artifacts

from pipeline.cli.run_session import run_watched, watched
from pipeline.config_file import ConfigError, load_config
from pipeline.history import read_run, read_runs
from pipeline.ingestion import create_ingestion
from pipeline.metadata_config import PASSWORD_VARIABLE, MetadataError
from pipeline.metadata_database import connect, connection_of
from pipeline.placement import OnThisMachine
from pipeline.runners.run import run_pipeline
from tests.pipeline.databases import PASSWORD, SERVERS, MissingServerError, running
from tests.pipeline.toy_task import write_task

pytestmark = pytest.mark.tfx


@pytest.fixture(scope="module", params=sorted(SERVERS))
def server(request):
    try:
        with running(request.param) as server:
            yield server
    except MissingServerError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def task(server, tmp_path_factory):
    return write_task(tmp_path_factory.mktemp("task"), metadata={"url": server.url})


@pytest.fixture
def password(monkeypatch):
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)


def take_in(config):
    """Runs the first nodes of the task as the command line does."""
    placement = OnThisMachine(config)
    data = create_ingestion(config, placement)
    pipeline = tfx_pipeline.Pipeline(
        pipeline_name=config.name,
        pipeline_root=placement.root,
        components=[data.examples, data.statistics],
        enable_cache=True,
        metadata_connection_config=placement.metadata,
    )
    with watched(config):
        run_watched(pipeline)


class _Stop(logging.Handler):
    """Ends a server when the second node of a run starts."""

    def __init__(self, server):
        super().__init__()
        self._server = server

    def emit(self, record):
        event = getattr(record, "node_event", None)
        if event and (event.node, event.state) == ("StatisticsGen", "started"):
            self._server.stop()


@pytest.mark.usefixtures("password")
def test_a_database_that_goes_away_is_told_and_the_run_can_be_repeated(server, task, capsys):
    config = load_config(task.config)
    logger, handler = logging.getLogger("seq2seq.run"), _Stop(server)
    logger.addHandler(handler)
    try:
        with pytest.raises(typer.Exit) as stopped:
            take_in(config)
    finally:
        logger.removeHandler(handler)
    assert stopped.value.exit_code == 1
    shown = capsys.readouterr()
    said = f"StatisticsGen failed: ML Metadata in {server.url} cannot be reached: Connection refused"
    assert said in shown.out.splitlines()
    assert "Traceback" not in shown.out + shown.err
    with pytest.raises(MetadataError, match="Connection refused"):
        read_runs(config)

    server.start()
    take_in(config)
    broken, finished = read_runs(config)
    assert broken.nodes["ParallelTextExampleGen"] == "completed"
    assert finished.nodes["ParallelTextExampleGen"] == "cached"
    assert finished.nodes["StatisticsGen"] == "completed"
    _assert_password_is_nowhere(task)


def _assert_password_is_nowhere(task):
    files = [path for path in task.config.parent.rglob("*") if path.is_file()]
    assert any(path.suffix == ".log" for path in files)
    for path in files:
        assert PASSWORD.encode() not in path.read_bytes(), path
        assert b"word/@%" not in path.read_bytes(), path
    store = connect(connection_of(load_config(task.config)))
    recorded = [*store.get_artifacts(), *store.get_executions(), *store.get_contexts()]
    assert recorded
    assert not [each for each in recorded if b"word/@%" in each.SerializeToString()]


@component
def Meet(own: Parameter[str], other: Parameter[str], model: OutputArtifact[standard_artifacts.Model]):
    """Ends only when a node of this kind in the other pipeline runs as well."""
    pathlib.Path(own).touch()
    end = time.monotonic() + 60
    while not pathlib.Path(other).exists():
        if time.monotonic() > end:
            raise TimeoutError(other)
        time.sleep(0.01)
    pathlib.Path(model.uri, "name").write_text(own, encoding="utf-8")


def _meeting(task, name, own, other):
    config = load_config(task.config, [f"name={name}"])
    return config, tfx_pipeline.Pipeline(
        pipeline_name=name,
        pipeline_root=str(own.parent / name),
        components=[Meet(own=str(own), other=str(other))],
        enable_cache=True,
        metadata_connection_config=connection_of(config),
    )


@pytest.mark.usefixtures("password")
def test_two_pipelines_at_once_keep_their_lineage_apart(task, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    meetings = {"one": _meeting(task, "one", one, other), "two": _meeting(task, "two", other, one)}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        ids = {name: pool.submit(run_pipeline, pipeline) for name, (_, pipeline) in meetings.items()}
    for name, (config, _) in meetings.items():
        [run] = read_runs(config)
        assert run.run_id == ids[name].result()
        assert run.nodes == {"Meet": "completed"}
        assert run.model_uri.startswith(str(tmp_path / name))
    with pytest.raises(KeyError, match="task one has no run"):
        read_run(meetings["one"][0], ids["two"].result())


@pytest.mark.usefixtures("password")
def test_the_beam_runner_reaches_it_and_logs_no_password(task, tmp_path, caplog):
    own = tmp_path / "own"
    config, pipeline = _meeting(task, "alone", own, own)
    with caplog.at_level(logging.INFO, logger="absl"):
        run_pipeline(pipeline, "beam")
    assert [run.nodes for run in read_runs(config)] == [{"Meet": "completed"}]
    assert "Using connection config" in caplog.text
    assert "word/@%" not in caplog.text


def test_the_password_may_be_in_a_file(task, tmp_path, monkeypatch):
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    secret = tmp_path / "secret"
    secret.write_text(f"{PASSWORD}\n", encoding="utf-8")
    assert read_runs(load_config(task.config, [f"metadata.password_file={secret}", "name=nothing-yet"])) == []
    with pytest.raises(ConfigError, match=r"metadata.password_file .*gone: cannot be read"):
        read_runs(load_config(task.config, [f"metadata.password_file={tmp_path / 'gone'}"]))


def test_a_wrong_password_is_told(server, task, monkeypatch):
    monkeypatch.setenv(PASSWORD_VARIABLE, "hush")
    with pytest.raises(MetadataError) as refusal:
        read_runs(load_config(task.config))
    assert f"ML Metadata in {server.url} cannot be reached: the server is there" in str(refusal.value)
    assert "hush" not in str(refusal.value)


@pytest.mark.usefixtures("password")
def test_every_text_comes_back_as_it_was(task):
    store = connect(connection_of(load_config(task.config)))
    text = '{"a": "\\n\\\\"} \' \n\t \ue05c0 \ue05c1\\ مرحبا 👩‍🚀 %s $1 ?'
    settings = json.dumps({f"setting {index}": [index, "\\"] for index in range(250)})
    kind = metadata_store_pb2.ArtifactType(name="Text", properties={"said": metadata_store_pb2.STRING})
    artifact = metadata_store_pb2.Artifact(type_id=store.put_artifact_type(kind), uri=text, name=text)
    artifact.properties["said"].string_value = text
    artifact.custom_properties["more"].string_value = text + settings
    [number] = store.put_artifacts([artifact])
    [read] = store.get_artifacts_by_id([number])
    assert (read.uri, read.name, read.properties["said"].string_value) == (text, text, text)
    assert read.custom_properties["more"].string_value == text + settings
    assert [each.id for each in store.get_artifacts_by_uri(text)] == [number]
    assert artifact.uri == text
