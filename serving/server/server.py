"""The server as a whole: models, and the ports on which they answer."""

import dataclasses
import os
from collections.abc import Callable, Sequence
from concurrent import futures

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tensorflow.core.protobuf import config_pb2
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc
from tensorflow_serving.config import model_server_config_pb2

from serving.server.batching import BatchScheduler
from serving.server.batching_options import BatchingOptions
from serving.server.core import Core
from serving.server.loading import Loader
from serving.server.metrics import Metrics
from serving.server.models import LoadSettings, ModelManager
from serving.server.rest import RestServer
from serving.server.services import ModelService, PredictionService
from serving.server.states import State
from serving.server.text_protos import SSLConfig

_LARGEST_MESSAGE = 2**31 - 1
_THREADS = 4 * (os.cpu_count() or 1)


class PortError(OSError):
    """A port cannot be listened on."""


@dataclasses.dataclass(frozen=True)
class ServerOptions:
    """Settings of a server; most are flags of tensorflow_model_server, see serving.server.flags."""

    host: str = "0.0.0.0"
    port: int = 8500  # 0: one that is free
    grpc_socket_path: str = ""
    grpc_channel_arguments: tuple[tuple[str, int | str], ...] = ()
    grpc_max_threads: int = max(16, _THREADS)
    grpc_healthcheck: bool = False
    tls: SSLConfig | None = None
    rest_port: int | None = None  # None: no REST; 0: one that is free
    rest_timeout_ms: int = 30_000
    rest_cors: bool = False
    metrics_path: str | None = None  # None: no page of metrics
    tags: tuple[str, ...] = ("serve",)
    session_config: config_pb2.ConfigProto | None = None
    warmup_iterations: int = 1  # 0: no warm-up
    batching: BatchingOptions | None = None
    per_model_batching: bool = False
    load: LoadSettings = dataclasses.field(default_factory=LoadSettings)


class ModelServer:
    """A server of SavedModels that speaks TensorFlow Serving's API, over gRPC and REST."""

    def __init__(self, models: Sequence[model_server_config_pb2.ModelConfig], options: ServerOptions):
        """Takes the ports, loads the models, and starts to answer.

        Raises:
          PortError: a port is taken.
          ServingError: a model could not be loaded.
        """
        self._metrics = Metrics()
        self._closing: list[Callable[[], None]] = []  # what undoes the steps below, the last one first
        try:
            self.port, self.rest_port = self._start(models, options)
        except BaseException:
            self._close()
            raise

    def _start(
        self, models: Sequence[model_server_config_pb2.ModelConfig], options: ServerOptions
    ) -> tuple[int, int | None]:
        scheduler = None
        if options.batching:
            threads, name = options.batching.num_batch_threads, options.batching.thread_pool_name
            scheduler = BatchScheduler(threads, name, self._metrics)
            self._closing.append(scheduler.close)
        loader = Loader(
            metrics=self._metrics,
            tags=options.tags,
            session_config=options.session_config,
            warmup_iterations=options.warmup_iterations,
            batching=options.batching,
            per_model_batching=options.per_model_batching,
            scheduler=scheduler,
        )
        self._models = ModelManager(loader, options.load)
        self._closing.append(self._models.close)
        core = Core(self._models, self._metrics)
        self._grpc = _grpc_server(core, options)
        port = _listen(self._grpc, options)
        self._closing.append(lambda: self._grpc.stop(self._grace).wait())
        self._grace = 0.0
        rest = _rest_server(core, options)
        if rest is not None:
            self._closing.append(rest.stop)
        self._models.start(models)
        self._grpc.start()
        if rest is not None:
            rest.start()
        return port, rest.port if rest else None

    def wait(self, seconds: float | None = None) -> bool:
        """Waits until the server has stopped, or that many seconds; True when they ran out."""
        return self._grpc.wait_for_termination(seconds)

    def configure(self, models: Sequence[model_server_config_pb2.ModelConfig]) -> None:
        """Serves these models from now on; see ModelManager.configure."""
        self._models.configure(models)

    def available_versions(self, name: str) -> list[int]:
        """Versions of a model that are served now, the highest first."""
        return [version for version, state in self._models.states(name).items() if state.state is State.AVAILABLE]

    def stop(self, grace: float = 5.0) -> None:
        """Takes no more calls, lets those under way end within `grace` seconds, and unloads the models."""
        self._grace = grace
        self._close()

    def _close(self) -> None:
        while self._closing:
            self._closing.pop()()


def _grpc_server(core: Core, options: ServerOptions) -> grpc.Server:
    server = grpc.server(
        futures.ThreadPoolExecutor(options.grpc_max_threads, "grpc"),
        options=[
            ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
            ("grpc.max_send_message_length", _LARGEST_MESSAGE),
            # Without this a second server shares the port, and each gets some of the calls.
            ("grpc.so_reuseport", 0),
            *options.grpc_channel_arguments,
        ],
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(PredictionService(core), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(core), server)
    if options.grpc_healthcheck:
        servicer = health.HealthServicer()
        for name in ("", "ModelService", "PredictionService"):
            servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    return server


def _listen(server: grpc.Server, options: ServerOptions) -> int:
    addresses = [f"{options.host}:{options.port}"]
    if options.grpc_socket_path:
        addresses.append(f"unix:{options.grpc_socket_path}")
    ports = []
    for address in addresses:
        try:
            ports.append(_add_port(server, address, options.tls))
        except RuntimeError as error:  # noqa: PERF203 - two addresses at most
            raise PortError(f"cannot listen on {address}: is the port taken?") from error
    return ports[0]


def _add_port(server: grpc.Server, address: str, tls: SSLConfig | None) -> int:
    if tls is None:
        return server.add_insecure_port(address)
    credentials = grpc.ssl_server_credentials(
        [(tls.server_key.encode(), tls.server_cert.encode())],
        tls.custom_ca.encode() or None,
        tls.client_verify,
    )
    return server.add_secure_port(address, credentials)


def _rest_server(core: Core, options: ServerOptions) -> RestServer | None:
    if options.rest_port is None:
        return None
    try:
        return RestServer(
            core,
            host=options.host,
            port=options.rest_port,
            timeout_ms=options.rest_timeout_ms,
            cors=options.rest_cors,
            metrics_path=options.metrics_path,
        )
    except OSError as error:
        raise PortError(f"cannot listen on {options.host}:{options.rest_port}: {error.strerror}") from error
