"""The gRPC services of TensorFlow Serving."""

import logging
import time
from collections.abc import Callable
from typing import Any

import grpc
from tensorflow_serving.apis import (
    model_management_pb2,
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
)

from serving.server.core import Core
from serving.server.errors import ServingError

_LOGGER = logging.getLogger("seq2seq.server")


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Inference, and the description of signatures."""

    def __init__(self, core: Core):
        self._core = core

    def Predict(self, request, context):
        """Runs a signature; see serving.server.predict."""
        return self._infer("Predict", self._core.predict, request, context)

    def Classify(self, request, context):
        """Classifies examples; see serving.server.examples."""
        return self._infer("Classify", self._core.classify, request, context)

    def Regress(self, request, context):
        """Finds a figure for each example; see serving.server.examples."""
        return self._infer("Regress", self._core.regress, request, context)

    def MultiInference(self, request, context):
        """Runs several signatures on the same examples; see serving.server.examples."""
        return _answer(lambda: self._core.multi_inference(request, _timeout_ms(context)), context)

    def GetModelMetadata(self, request, context):
        """Describes the signatures; see serving.server.metadata."""
        return _answer(lambda: self._core.metadata(request), context)

    def _infer(self, api: str, method: Callable, request: Any, context: grpc.ServicerContext) -> Any:
        """Counts the request by its model and status, and how long it took if it went well."""
        start = time.monotonic()
        name, metrics = request.model_spec.name, self._core.metrics
        try:
            response = method(request, _timeout_ms(context))
        except ServingError as error:
            metrics.request_count.add(name, error.code.name)
            return _abort(error, context)
        except Exception as error:  # noqa: BLE001 - it must cost no more than this one answer
            metrics.request_count.add(name, grpc.StatusCode.INTERNAL.name)
            return _abort(_unexpected(error), context)
        metrics.request_count.add(name, "OK")
        metrics.request_latency.add(name, api, "GRPC", value=(time.monotonic() - start) * 1e6)
        return response


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """The state of the models, and which of them are served."""

    def __init__(self, core: Core):
        self._core = core

    def GetModelStatus(self, request, context):
        """Tells the states of versions; see serving.server.status."""
        return _answer(lambda: self._core.status(request), context)

    def HandleReloadConfigRequest(self, request, context):
        """Serves the models of another configuration, and answers when they are available."""
        names = list(request.metric_names)
        before = {name: self._core.metrics.value(name) for name in names}
        response = model_management_pb2.ReloadConfigResponse()
        _answer(lambda: self._core.reload(request), context)
        response.status.SetInParent()
        for name in names:
            response.metric.add(name=name, int64_value_increase=self._core.metrics.value(name) - before[name])
        return response


def _answer(method: Callable[[], Any], context: grpc.ServicerContext) -> Any:
    try:
        return method()
    except ServingError as error:
        return _abort(error, context)
    except Exception as error:  # noqa: BLE001 - it must cost no more than this one answer
        return _abort(_unexpected(error), context)


def _unexpected(error: Exception) -> ServingError:
    _LOGGER.error("a request failed", exc_info=error)
    return ServingError(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}")


def _abort(error: ServingError, context: grpc.ServicerContext) -> None:
    """Ends the call with the error's status; never returns."""
    context.abort(error.code, error.details)


def _timeout_ms(context: grpc.ServicerContext) -> int:
    remaining = context.time_remaining()
    if remaining is None or remaining > 2**31 / 1000:
        return 0
    return max(1, int(remaining * 1000))
