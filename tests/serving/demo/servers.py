"""Model servers and web servers for the tests of the demo page."""

import contextlib
import queue
import threading
import time
from concurrent import futures

import grpc
from tensorflow_serving.apis import prediction_service_pb2_grpc

from serving import contract
from serving.client import Connection, Retry
from serving.client.predictor import ModelAddress
from serving.demo import create_app
from serving.demo.server import listen, web_server
from serving.server.model_configs import single_model
from serving.server.server import ModelServer, ServerOptions


@contextlib.contextmanager
def model_server(folder, names, port=0):
    """A model server; gives its address."""
    server = ModelServer(
        [single_model(name, folder / name) for name in names],
        ServerOptions(host="localhost", port=port, rest_port=0),
    )
    try:
        yield f"localhost:{server.port}"
    finally:
        server.stop()


@contextlib.contextmanager
def page_of(address, model):
    """The page of a model; gives its URL."""
    sockets = listen("localhost", 0)
    connection = Connection(address, retry=Retry(attempts=2, first_seconds=0.01))
    server = web_server(create_app(connection, ModelAddress(model)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": sockets})
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield f"http://localhost:{sockets[0].getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(30)


class Hanging(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers no call; tells which were made, and when the caller has cancelled one."""

    def __init__(self):
        self.called = queue.Queue()  # signatures
        self.cancelled = queue.Queue()

    def Predict(self, request, context):
        signature = request.model_spec.signature_name
        ended = threading.Event()
        context.add_callback(ended.set)
        self.called.put(signature)
        ended.wait(60)
        self.cancelled.put(signature)
        context.abort(grpc.StatusCode.CANCELLED, "the caller hung up")


class Held(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers as another server does; calls of serving_default only once `release` is set."""

    def __init__(self, address):
        self.release = threading.Event()
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(address))

    def Predict(self, request, context):
        if request.model_spec.signature_name == contract.SERVING_DEFAULT:
            self.release.wait(60)
        return self._stub.Predict(request)


@contextlib.contextmanager
def serve(service):
    """A server of PredictionService; gives its address."""
    server = grpc.server(futures.ThreadPoolExecutor(4))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(service, server)
    port = server.add_insecure_port("localhost:0")
    server.start()
    try:
        yield f"localhost:{port}"
    finally:
        server.stop(None).wait()
