"""Models and servers that several tests share."""

import contextlib
import dataclasses
import os
import shutil
import socket
import subprocess

import grpc
import pytest
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving.server.metrics import PAGE_PATH
from serving.server.model_configs import single_model
from serving.server.server import ModelServer, ServerOptions
from tests.serving.toy_models import save_all

MODELS = ("translator", "numbers")
# Addresses of gRPC and REST, with a comma between, of a server that serves what `python -m tests.serving.toy_models
# FOLDER` writes. The contract's tests then run against it too.
SERVER_VARIABLE = "SEQ2SEQ_TEST_MODEL_SERVER"
BINARY = "tensorflow_model_server"


@dataclasses.dataclass(frozen=True)
class Served:
    """Where a server answers."""

    grpc: str
    rest: str
    prediction: prediction_service_pb2_grpc.PredictionServiceStub
    models: model_service_pb2_grpc.ModelServiceStub

    @classmethod
    @contextlib.contextmanager
    def at(cls, grpc_address, rest_address):
        with grpc.insecure_channel(grpc_address) as channel:
            grpc.channel_ready_future(channel).result(60)
            yield cls(
                grpc_address,
                rest_address,
                prediction_service_pb2_grpc.PredictionServiceStub(channel),
                model_service_pb2_grpc.ModelServiceStub(channel),
            )


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Folder with the models that `save_all` writes."""
    folder = tmp_path_factory.mktemp("models")
    save_all(folder)
    return folder


@pytest.fixture(scope="session")
def local(models):
    """A local server of the newest versions."""
    options = ServerOptions(host="localhost", port=0, rest_port=0, metrics_path=PAGE_PATH, grpc_healthcheck=True)
    server = ModelServer([single_model(name, models / name) for name in MODELS], options)
    with Served.at(f"localhost:{server.port}", f"localhost:{server.rest_port}") as served:
        yield served
    server.stop()


@pytest.fixture(scope="session")
def address(local):
    """Address of gRPC of the local server."""
    return local.grpc


def _kinds():
    return ["local", *([BINARY] if shutil.which(BINARY) else []), *([SERVER_VARIABLE] if _given() else [])]


def _given():
    return os.environ.get(SERVER_VARIABLE, "")


@pytest.fixture(scope="session", params=_kinds())
def served(request, models, tmp_path_factory):
    """Every server that has to answer by the contract: ours, and the real one where there is one."""
    if request.param == "local":
        yield request.getfixturevalue("local")
    elif request.param == SERVER_VARIABLE:
        with Served.at(*_given().split(",")) as served:
            yield served
    else:
        with _real_server(models, tmp_path_factory.mktemp("real")) as served:
            yield served


@contextlib.contextmanager
def _real_server(models, folder):
    config = folder / "models.txt"
    entries = [
        f'config {{ name: "{name}" base_path: "{models / name}" model_platform: "tensorflow" }}' for name in MODELS
    ]
    config.write_text(f"model_config_list {{ {' '.join(entries)} }}", encoding="utf-8")
    monitoring = folder / "monitoring.txt"
    monitoring.write_text("prometheus_config { enable: true }", encoding="utf-8")
    ports = free_port(), free_port()
    command = [
        *(BINARY, f"--port={ports[0]}", f"--rest_api_port={ports[1]}", f"--model_config_file={config}"),
        *(f"--monitoring_config_file={monitoring}", "--enable_grpc_healthcheck_service=true"),
    ]
    with subprocess.Popen(command) as server:
        try:
            with Served.at(*(f"localhost:{port}" for port in ports)) as served:
                yield served
        finally:
            server.terminate()


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def unused_port():
    """A port that nobody listens on."""
    return free_port()
