"""Requests that lie in a SavedModel are replayed before it is served."""

import shutil

import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from serving.server.errors import ServingError
from serving.server.loading import Loader
from serving.server.metrics import Metrics
from tests.serving.calls import examples, numbers, predict_request, spec


@pytest.fixture
def folder(tmp_path, models):
    shutil.copytree(models / "numbers" / "3", tmp_path / "3")
    (tmp_path / "3" / "assets.extra").mkdir()
    return tmp_path / "3"


def write(folder, *logs):
    with tf.io.TFRecordWriter(str(folder / "assets.extra" / "tf_serving_warmup_requests")) as writer:
        for log in logs:
            writer.write(log if isinstance(log, bytes) else log.SerializeToString())


def predict_log(**inputs):
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.CopyFrom(predict_request(spec("numbers"), numbers(**inputs)))
    return log


def load(folder, **options):
    metrics = Metrics()
    servable = Loader(metrics, **options)("numbers", 3, folder)
    servable.session.close()
    return metrics


def test_every_kind_of_request_is_replayed_as_often_as_asked_for(folder):
    classify, regress, several = (prediction_log_pb2.PredictionLog() for _ in range(3))
    classify.classify_log.request.model_spec.CopyFrom(spec("numbers", signature="classify"))
    classify.classify_log.request.input.CopyFrom(examples(1))
    regress.regress_log.request.model_spec.CopyFrom(spec("numbers", signature="regress"))
    regress.regress_log.request.input.CopyFrom(examples(1))
    task = several.multi_inference_log.request.tasks.add(method_name="tensorflow/serving/regress")
    task.model_spec.CopyFrom(spec("numbers", signature="regress"))
    several.multi_inference_log.request.input.CopyFrom(examples(1))
    write(folder, predict_log(x=[1], y=[2]), classify, regress, several)
    metrics = load(folder, warmup_iterations=3)
    assert metrics.runtime_latency.total() == 12
    assert metrics.warmup_latency.total() == 1


def test_no_warm_up(folder):
    write(folder, predict_log(x=[1]))
    assert load(folder, warmup_iterations=0).runtime_latency.total() == 0
    shutil.rmtree(folder / "assets.extra")
    assert load(folder).warmup_latency.total() == 0


def session_run():
    log = prediction_log_pb2.PredictionLog()
    log.session_run_log.SetInParent()
    return log


@pytest.mark.parametrize(
    ("logs", "code", "message"),
    [
        ([predict_log(x=[1], y=[2]), predict_log(x=[1])], "INVALID_ARGUMENT", "input size does not match signature"),
        ([session_run()], "UNIMPLEMENTED", "Unsupported log_type for warmup: 5"),
        ([b"\xff\xff"], "INVALID_ARGUMENT", "Failed to parse warmup record"),
        ([predict_log(x=[1], y=[2])] * 1001, "INVALID_ARGUMENT", "Number of warmup records exceeds the maximum (1000)"),
    ],
)
def test_a_failing_request_fails_the_version(folder, logs, code, message):
    write(folder, *logs)
    with pytest.raises(ServingError) as raised:
        load(folder)
    assert raised.value.code.name == code
    assert message in raised.value.message


def test_a_file_that_holds_no_records(folder):
    (folder / "assets.extra" / "tf_serving_warmup_requests").write_bytes(b"no records at all")
    with pytest.raises(ServingError, match=r"Please verify your warmup data is in TFRecord format\."):
        load(folder)
