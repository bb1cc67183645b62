"""A model is tried out on a real server: what passes is blessed and warmed up, and no process is left behind."""

import contextlib
import logging
import os
import signal
import stat
import sys
import threading

import psutil
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2
from tfx.components.infra_validator import error_types
from tfx.types import channel_utils, standard_artifacts

from components.config.serving import ValidationConfig
from components.serving_validator import executor as validator_executor
from components.serving_validator.component import ServingValidator
from components.serving_validator.process_runner import BINARY
from components.serving_validator.report import read_report
from components.serving_validator.session import ServerError
from tests.components import broken_exports
from tests.components.toy_examples import write_split

pytestmark = pytest.mark.tfx

LOCAL_SERVER = f'exec "{sys.executable}" -m serving.server "$@"'


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return broken_exports.save_good(tmp_path_factory.mktemp("good"))


@pytest.fixture(autouse=True)
def nothing_left(tmp_path, monkeypatch):
    """No process, no log and no copy of the model outlives a validation."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    before = set(psutil.Process().children(recursive=True))
    yield
    assert set(psutil.Process().children(recursive=True)) <= before
    assert [path.name for path in temporary.iterdir() if "autograph" not in path.name] == []


@pytest.fixture
def binary(tmp_path, monkeypatch):
    """Puts a shell script in the place of TensorFlow Serving's binary."""

    def put(script):
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / BINARY).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / BINARY).chmod(stat.S_IRWXU)
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

    return put


def validate(folder, model, blessed=1, config=None):
    """Runs the executor on artifacts in folders; gives the blessing and the report."""
    artifacts = {
        "model": standard_artifacts.Model(),
        "model_blessing": standard_artifacts.ModelBlessing(),
        "examples": standard_artifacts.Examples(),
    }
    artifacts["model"].uri = str(model)
    artifacts["model_blessing"].set_int_custom_property("blessed", blessed)
    artifacts["examples"].uri = str(folder / "examples")
    artifacts["examples"].split_names = '["eval"]'
    write_split(folder / "examples" / "Split-eval")
    blessing = standard_artifacts.InfraBlessing()
    blessing.uri = str(folder / "blessing")
    component = ServingValidator(
        config or ValidationConfig(examples=12),
        model_name="toy",
        split="eval",
        decoding=broken_exports.DECODING,
        code_version="1",
        **{name: channel_utils.as_channel([artifact]) for name, artifact in artifacts.items()},
    )
    validator_executor.ServingValidatorExecutor().Do(
        {name: [artifact] for name, artifact in artifacts.items()},
        {"blessing": [blessing]},
        dict(component.exec_properties),
    )
    return blessing, read_report(blessing.uri)


@contextlib.contextmanager
def when_served(do):
    """Calls a function with the server's process when the server has the model and is about to be asked."""

    class Handler(logging.Handler):
        def emit(self, record):
            if "serves the model" in record.getMessage():
                do(_server())

    logger = logging.getLogger("seq2seq.serving_validator")
    handler, level = Handler(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def _server():
    [server] = [child for child in psutil.Process().children() if "serving.server" in child.cmdline()]
    return server


def test_a_good_model_is_blessed_and_warmed_up(tmp_path, good):
    blessing, report = validate(tmp_path, good)
    assert report.blessed
    assert report.failure == ""
    assert report.server == "the local model server"
    assert report.examples == 12
    assert [latency.batch_size for latency in report.latencies] == [1, 32]
    assert blessing.get_int_custom_property("blessed") == 1
    assert blessing.get_int_custom_property("has_model") == 1
    assert (tmp_path / "blessing" / "INFRA_BLESSED").exists()

    stamped = tmp_path / "blessing" / "stamped_model"
    warmup = stamped / "assets.extra" / "tf_serving_warmup_requests"
    records = list(tf.data.TFRecordDataset([str(warmup)]).as_numpy_iterator())
    requests = [prediction_log_pb2.PredictionLog.FromString(record).predict_log.request for record in records]
    assert {request.model_spec.signature_name for request in requests} >= {"serving_default", "serving_examples"}
    assert {len(request.inputs["text"].string_val) for request in requests} >= {1, 8}
    assert len(records) <= 1000
    assert tf.saved_model.contains_saved_model(str(stamped))
    warmed = good / "Format-Serving" / "assets.extra" / "tf_serving_warmup_requests"
    assert not warmed.exists(), "the candidate itself was changed"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (broken_exports.without_score, "signature score does not answer; request: score(text=string [12] ['"),
        (broken_exports.with_wrong_limits, "step by step decoding differs from decoding in the graph"),
        (broken_exports.unreadable, "the model cannot be loaded"),
    ],
)
def test_a_broken_model_is_reported_and_not_blessed(tmp_path, binary, good, caplog, broken, said):
    binary(LOCAL_SERVER)
    blessing, report = validate(tmp_path, broken(good, tmp_path / "model"))
    assert not report.blessed
    assert said in report.failure
    assert report.request in report.failure
    assert report.answer in report.failure
    assert said in caplog.text
    assert report.server == BINARY, "what is on the PATH comes first"
    assert blessing.get_int_custom_property("blessed") == 0
    assert sorted(path.name for path in (tmp_path / "blessing").iterdir()) == ["INFRA_NOT_BLESSED", "validation.json"]


def test_a_model_that_failed_a_threshold_is_not_tried_out(tmp_path, binary):
    binary("exit 7")
    blessing, report = validate(tmp_path, tmp_path / "no-model", blessed=0)
    assert not report.blessed
    assert report.server == ""
    assert blessing.get_int_custom_property("blessed") == 0


def assert_nothing_is_known(folder):
    assert not (folder / "blessing").exists(), "the cache must not keep what nobody knows"


def test_a_server_that_dies_at_once_is_told_with_its_log(tmp_path, binary, good, caplog):
    binary("echo the disk is full >&2; exit 7")
    with pytest.raises(ServerError, match=f"{BINARY} ended with exit status 7 before it served the model"):
        validate(tmp_path, good)
    assert "the disk is full" in caplog.text
    assert_nothing_is_known(tmp_path)


def test_a_server_that_never_serves_is_ended_with_all_that_it_started(tmp_path, binary, good, monkeypatch):
    # It pays no heed to SIGTERM, and it has a child of its own.
    binary("trap '' TERM\nsleep 1000 &\nsleep 1000")
    monkeypatch.setattr("components.serving_validator.process_runner._SECONDS_TO_STOP", 1)
    with pytest.raises(ServerError, match=r"did not serve the model.*max_start_seconds"):
        validate(tmp_path, good, config=ValidationConfig(max_start_seconds=1))
    assert_nothing_is_known(tmp_path)


def test_a_server_that_is_killed_is_told_with_the_request(tmp_path, good):
    with when_served(lambda server: server.kill()), pytest.raises(ServerError) as failure:
        validate(tmp_path, good)
    assert "no answer to serving_default(text=" in str(failure.value)
    assert "the local model server was killed by SIGKILL" in str(failure.value)
    assert_nothing_is_known(tmp_path)


def test_a_server_that_hangs_is_told_with_the_request(tmp_path, good, monkeypatch):
    monkeypatch.setattr(validator_executor, "_CALL_SECONDS", 1.0)
    monkeypatch.setattr("components.serving_validator.process_runner._SECONDS_TO_STOP", 1)
    with when_served(lambda server: server.suspend()), pytest.raises(ServerError) as failure:
        validate(tmp_path, good)
    assert "no answer to serving_default(text=" in str(failure.value)
    assert "the local model server is still running" in str(failure.value)
    assert_nothing_is_known(tmp_path)


@pytest.mark.parametrize(
    ("number", "error"),
    [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, error_types.GracefulShutdown)],
    ids=["SIGINT", "SIGTERM"],
)
def test_an_interrupted_validation_ends_the_server(tmp_path, binary, good, number, error):
    binary("exec sleep 1000")
    timer = threading.Timer(2, os.kill, (os.getpid(), number))
    timer.start()
    with pytest.raises(error):
        validate(tmp_path, good)
    timer.join()
    assert_nothing_is_known(tmp_path)


@pytest.mark.parametrize(("runner", "platform"), [("docker", "local_docker"), ("kubernetes", "kubernetes")])
def test_containers_of_tensorflow_serving_can_be_asked_for(runner, platform):
    config = ValidationConfig(runner=runner, image="registry.example/tensorflow/serving:2.16.1")
    component = ServingValidator(
        config,
        model_name="toy",
        split="eval",
        decoding=broken_exports.DECODING,
        code_version="1",
        examples=channel_utils.as_channel([standard_artifacts.Examples()]),
        model=channel_utils.as_channel([standard_artifacts.Model()]),
        model_blessing=channel_utils.as_channel([standard_artifacts.ModelBlessing()]),
    )
    spec = validator_executor._message(
        component.exec_properties, "serving_spec", validator_executor.infra_validator_pb2.ServingSpec
    )
    assert spec.WhichOneof("serving_platform") == platform
    [binary] = validator_executor.serving_bins.parse_serving_binaries(spec)
    assert binary.image == "registry.example/tensorflow/serving:2.16.1"
