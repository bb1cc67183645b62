"""Versions come and go while requests are answered: policies, labels, new configurations, failures."""

import contextlib
import shutil
import threading
import time

import grpc
import numpy as np
import pytest
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2

from serving.server.errors import ServingError
from serving.server.model_configs import single_model
from serving.server.models import LoadSettings
from serving.server.server import ModelServer, ServerOptions
from serving.server.states import State
from tests.serving.calls import numbers, outputs_of, predict_request, refusal, spec
from tests.serving.conftest import Served

QUICK = LoadSettings(poll_seconds=0.05, retries=0)


@pytest.fixture
def base(tmp_path, models):
    """A folder of versions: 1 adds 100, 3 adds nothing."""
    shutil.copytree(models / "numbers" / "1", tmp_path / "numbers" / "1")
    return tmp_path / "numbers"


def push(models, base, version, into):
    """Puts a version in place in one step, as a Pusher does."""
    shutil.copytree(models / "numbers" / str(version), base.parent / "coming")
    (base.parent / "coming").rename(base / str(into))


@contextlib.contextmanager
def serving(configs, load=QUICK):
    server = ModelServer(configs, ServerOptions(host="localhost", port=0, load=load))
    try:
        with Served.at(f"localhost:{server.port}", "") as served:
            yield served
    finally:
        server.stop()


def config_of(base, **policy):
    config = single_model("numbers", base)
    for kind, settings in policy.items():
        getattr(config.model_version_policy, kind).SetInParent()
        for name, value in settings.items():
            field = getattr(config.model_version_policy, kind)
            field.versions.extend(value) if name == "versions" else setattr(field, name, value)
    return config


def states(served):
    request = get_model_status_pb2.GetModelStatusRequest(model_spec=spec("numbers"))
    try:
        answer = served.models.GetModelStatus(request)
    except grpc.RpcError:
        return {}
    return {one.version: State(one.state).name for one in answer.model_version_status}


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def answer(served, **which):
    request = predict_request(spec("numbers", **which), numbers(x=[1], y=[1]), ["sum"])
    return float(outputs_of(served.prediction.Predict(request, timeout=10))["sum"][0])


def test_a_new_version_takes_over_and_no_request_fails(base, models):
    with serving([single_model("numbers", base)]) as served:
        done, answers, failures = threading.Event(), set(), []

        def ask():
            while not done.is_set():
                try:
                    answers.add(answer(served))
                except grpc.RpcError as error:  # noqa: PERF203 - each request counts
                    failures.append(error)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        wait_for(lambda: 102 in answers)
        push(models, base, 3, 2)
        wait_for(lambda: states(served) == {2: "AVAILABLE", 1: "END"})
        push(models, base, 1, 10)
        wait_for(lambda: states(served) == {10: "AVAILABLE", 2: "END", 1: "END"})
        done.set()
        for thread in threads:
            thread.join()
        assert failures == []
        assert answers == {102, 2}
        assert answer(served) == 102


def test_a_damaged_version_leaves_the_old_one_in_place(base):
    with serving([single_model("numbers", base)]) as served:
        (base / "2").mkdir()
        wait_for(lambda: states(served) == {2: "END", 1: "AVAILABLE"})
        request = get_model_status_pb2.GetModelStatusRequest(model_spec=spec("numbers", version=2))
        [status] = served.models.GetModelStatus(request).model_version_status
        assert status.status.error_code == grpc.StatusCode.NOT_FOUND.value[0]
        assert str(base / "2") in status.status.error_message
        assert answer(served) == 102


def test_what_is_no_version_is_passed_over(base, models):
    (base / "notes").mkdir()
    (base / ".5").mkdir()
    (base / "99999999999999999999").mkdir()
    with serving([single_model("numbers", base)]) as served:
        push(models, base, 3, 2)
        wait_for(lambda: states(served) == {2: "AVAILABLE", 1: "END"})


def test_a_folder_that_vanishes_leaves_its_versions_in_place(base):
    with serving([single_model("numbers", base)]) as served:
        base.rename(base.parent / "elsewhere")
        time.sleep(0.3)
        assert answer(served) == 102
        (base.parent / "elsewhere").rename(base)
        shutil.rmtree(base / "1")
        wait_for(lambda: states(served) == {1: "END"})
        code, message = refusal(served.prediction.Predict, predict_request(spec("numbers"), numbers(x=[1], y=[1])))
        assert (code, message) == ("NOT_FOUND", "Servable not found for request: Latest(numbers)")


def test_policies(base, models):
    push(models, base, 3, 2)
    push(models, base, 3, 5)
    for policy, expected in (
        ({"all": {}}, {5, 2, 1}),
        ({"latest": {"num_versions": 2}}, {5, 2}),
        ({"specific": {"versions": [1, 7]}}, {1}),
        ({}, {5}),
    ):
        with serving([config_of(base, **policy)]) as served:
            assert set(states(served)) == expected
            assert answer(served, version=min(expected)) in (2, 102)


def test_a_version_that_is_in_use_goes_only_when_its_last_request_is_answered(base, models):
    with serving([single_model("numbers", base)]) as served:
        slow = predict_request(spec("numbers", signature="spin"), {"x": np.float32([1])})
        call = served.prediction.Predict.future(slow, timeout=2)
        time.sleep(0.2)
        push(models, base, 3, 2)
        wait_for(lambda: states(served) == {2: "AVAILABLE", 1: "UNLOADING"})
        assert answer(served) == 2
        assert call.exception().code() is grpc.StatusCode.DEADLINE_EXCEEDED
        wait_for(lambda: states(served) == {2: "AVAILABLE", 1: "END"})


def reload_request(*configs, metrics=()):
    request = model_management_pb2.ReloadConfigRequest(metric_names=metrics)
    request.config.model_config_list.config.extend(configs)
    request.config.model_config_list.SetInParent()
    return request


def test_labels(base, models):
    push(models, base, 3, 2)
    config = config_of(base, all={})
    with serving([config]) as served:
        config.version_labels["stable"] = 1
        config.version_labels["canary"] = 2
        assert served.models.HandleReloadConfigRequest(reload_request(config)).status.error_code == 0
        assert (answer(served, label="stable"), answer(served, label="canary")) == (102, 2)
        config.version_labels["stable"] = 7
        assert refusal(served.models.HandleReloadConfigRequest, reload_request(config)) == (
            "FAILED_PRECONDITION",
            ("Request to assign label to version 7 of model numbers, which is not currently available for inference"),
        )
        assert answer(served, label="stable") == 102


def test_another_configuration(base, models):
    with serving([single_model("numbers", base)]) as served:
        answer(served)
        second = single_model("second", models / "numbers")
        name = "/tensorflow/serving/request_count"
        response = served.models.HandleReloadConfigRequest(reload_request(second, metrics=[name]))
        assert response.metric[0].name == name
        assert states(served) == {1: "END"}
        request = predict_request(spec("second"), numbers(x=[1], y=[1]), ["sum"])
        assert served.prediction.Predict(request).model_spec.version.value == 3
        served.models.HandleReloadConfigRequest(reload_request(single_model("numbers", base)))
        assert answer(served) == 102


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"base_path": "relative"}, "Expected model numbers to have an absolute path or URI; got base_path()=relative"),
        ({"model_platform": "other"}, "Model numbers requests unsupported platform other"),
        ({"model_platform": ""}, "Illegal setting neither ModelServerConfig::model_type"),
    ],
)
def test_configurations_that_are_refused_change_nothing(base, changes, message):
    config = single_model("numbers", base)
    with serving([config]) as served:
        for name, value in changes.items():
            setattr(config, name, value)
        code, found = refusal(served.models.HandleReloadConfigRequest, reload_request(config))
        assert code == "INVALID_ARGUMENT"
        assert message in found
        twice = reload_request(single_model("numbers", base), single_model("numbers", base))
        assert refusal(served.models.HandleReloadConfigRequest, twice) == (
            "INVALID_ARGUMENT",
            "Illegal to list model numbers multiple times in config list",
        )
        assert answer(served) == 102


def test_a_model_that_never_becomes_available(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ServingError, match=r"1 model\(s\) did not become available: \{\{name: numbers\}\}"):
        ModelServer([single_model("numbers", tmp_path / "empty")], ServerOptions(host="localhost", port=0, load=QUICK))


def test_loading_is_tried_again(tmp_path, models):
    (tmp_path / "numbers" / "1").mkdir(parents=True)

    def complete():
        time.sleep(0.3)
        shutil.copytree(models / "numbers" / "1", tmp_path / "numbers" / "1", dirs_exist_ok=True)

    thread = threading.Thread(target=complete)
    thread.start()
    patient = LoadSettings(poll_seconds=0.05, retries=20, retry_seconds=0.2)
    with serving([single_model("numbers", tmp_path / "numbers")], patient) as served:
        assert answer(served) == 102
    thread.join()
