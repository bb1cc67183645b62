"""The gRPC services of TensorFlow Serving."""

import functools
import logging
from collections.abc import Callable
from typing import Any

import grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving.server.errors import ServingError, invalid_argument
from serving.server.metadata import get_model_metadata
from serving.server.models import ModelManager
from serving.server.predict import predict
from serving.server.status import get_model_status

_LOGGER = logging.getLogger("seq2seq.server")


def _answers_errors(method: Callable) -> Callable:
    """Ends the call with the status of a ServingError; what nobody expected ends it with INTERNAL, and is logged."""

    @functools.wraps(method)
    def guarded(self: Any, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except ServingError as error:
            context.abort(error.code, error.details)
        except Exception as error:
            _LOGGER.exception("%s failed", method.__name__)
            context.abort(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}")

    return guarded


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Inference and the description of signatures."""

    def __init__(self, models: ModelManager):
        self._models = models

    @_answers_errors
    def Predict(self, request, context):
        """Runs a signature; see serving.server.predict."""
        if not request.HasField("model_spec"):
            raise invalid_argument("Missing ModelSpec")
        with self._models.lease(request.model_spec) as servable:
            return predict(servable, request, _timeout_ms(context))

    @_answers_errors
    def GetModelMetadata(self, request, context):
        """Describes the signatures; see serving.server.metadata."""
        return get_model_metadata(self._models, request)


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """The state of the models."""

    def __init__(self, models: ModelManager):
        self._models = models

    @_answers_errors
    def GetModelStatus(self, request, context):
        """Tells the states of versions; see serving.server.status."""
        return get_model_status(self._models, request)


def _timeout_ms(context: grpc.ServicerContext) -> int:
    remaining = context.time_remaining()
    if remaining is None or remaining > 2**31 / 1000:
        return 0
    return max(1, int(remaining * 1000))
