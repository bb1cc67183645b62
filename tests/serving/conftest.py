"""Models and servers that several tests share."""

import socket

import pytest

from serving.server.server import ModelServer, ServerOptions, single_model
from tests.serving.toy_models import save_all


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Folder with the models that `save_all` writes."""
    folder = tmp_path_factory.mktemp("models")
    save_all(folder)
    return folder


@pytest.fixture(scope="session")
def address(models):
    """Address of a local server of the newest versions."""
    configs = [single_model(name, models / name) for name in ("translator", "numbers")]
    server = ModelServer(configs, ServerOptions(host="localhost", port=0))
    yield f"localhost:{server.port}"
    server.stop()


@pytest.fixture
def unused_port():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
