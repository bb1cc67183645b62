"""A real gRPC server whose answers are scripted: what a client does with failures and with what it is sent."""

import contextlib
import threading
from concurrent import futures

import grpc
import numpy as np
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving import contract, tensors


class FlakyServer(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers each text with itself; `script` says what happens to the first calls: a status code, or a wait."""

    def __init__(self, script=()):
        self.script = list(script)
        self.calls = []
        self.metadata = []
        self.deadlines = []
        self._lock = threading.Lock()

    def Predict(self, request, context):
        with self._lock:
            self.calls.append(request)
            self.metadata.append(dict(context.invocation_metadata()))
            self.deadlines.append(context.time_remaining())
            event = self.script.pop(0) if self.script else None
        if isinstance(event, grpc.StatusCode):
            context.abort(event, "scripted")
        if isinstance(event, float):
            threading.Event().wait(event)
        response = predict_pb2.PredictResponse()
        if event != "empty":
            texts = tensors.from_proto(request.inputs[contract.TEXT])
            response.outputs[contract.TRANSLATION].CopyFrom(tensors.to_typed_proto(np.asarray(texts)))
        return response

    @contextlib.contextmanager
    def running(self):
        """Its address."""
        server = grpc.server(futures.ThreadPoolExecutor(8))
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(self, server)
        port = server.add_insecure_port("localhost:0")
        server.start()
        yield f"localhost:{port}"
        server.stop(None).wait()
