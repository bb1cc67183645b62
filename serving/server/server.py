"""The server as a whole: models, and the ports on which they answer."""

import dataclasses
import os
from collections.abc import Sequence
from concurrent import futures
from pathlib import Path

import grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc
from tensorflow_serving.config import model_server_config_pb2

from serving.server.models import LoadSettings, ModelManager, Servable, State
from serving.server.saved_model import SavedModelSession
from serving.server.services import ModelService, PredictionService

_LARGEST_MESSAGE = 2**31 - 1


class PortError(OSError):
    """A port cannot be listened on."""


@dataclasses.dataclass(frozen=True)
class ServerOptions:
    """Settings of a server, under the names that tensorflow_model_server's flags have."""

    host: str = "0.0.0.0"
    port: int = 8500  # 0: one that is free
    grpc_max_threads: int = max(16, 4 * (os.cpu_count() or 1))
    load: LoadSettings = dataclasses.field(default_factory=LoadSettings)


class ModelServer:
    """A gRPC server of SavedModels that speaks TensorFlow Serving's API."""

    def __init__(self, models: Sequence[model_server_config_pb2.ModelConfig], options: ServerOptions):
        """Loads the models and starts to answer.

        Raises:
          PortError: the port is taken.
          ServingError: a model could not be loaded.
        """
        self._models = ModelManager(_load, options.load)
        self._grpc = grpc.server(
            futures.ThreadPoolExecutor(options.grpc_max_threads, "grpc"),
            options=[
                ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
                ("grpc.max_send_message_length", _LARGEST_MESSAGE),
                # Without this a second server shares the port, and each gets some of the calls.
                ("grpc.so_reuseport", 0),
            ],
        )
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(PredictionService(self._models), self._grpc)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(self._models), self._grpc)
        try:
            self.port = self._grpc.add_insecure_port(f"{options.host}:{options.port}")
        except RuntimeError as error:
            raise PortError(f"cannot listen on {options.host}:{options.port}: is the port taken?") from error
        try:
            self._models.start(models)
        except BaseException:
            self._models.close()
            raise
        self._grpc.start()

    def wait(self, seconds: float | None = None) -> bool:
        """Waits until the server has stopped, or that many seconds; True when they ran out."""
        return self._grpc.wait_for_termination(seconds)

    def available_versions(self, name: str) -> list[int]:
        """Versions of a model that are served now, the highest first."""
        return [version for version, state in self._models.states(name).items() if state.state is State.AVAILABLE]

    def stop(self, grace: float = 5.0) -> None:
        """Takes no more calls, lets those under way end within `grace` seconds, and unloads the models."""
        self._grpc.stop(grace).wait()
        self._models.close()


def single_model(name: str, base_path: Path) -> model_server_config_pb2.ModelConfig:
    """The configuration of one model, its newest version served."""
    return model_server_config_pb2.ModelConfig(
        name=name, base_path=str(base_path.absolute()), model_platform="tensorflow"
    )


def _load(name: str, version: int, folder: Path) -> Servable:
    return Servable(name, version, SavedModelSession(folder))
