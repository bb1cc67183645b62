"""What the server can do, for gRPC and REST alike."""

import dataclasses

from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.server.errors import invalid_argument
from serving.server.examples import classify, multi_inference, regress
from serving.server.metadata import get_model_metadata
from serving.server.metrics import Metrics
from serving.server.models import ModelManager
from serving.server.predict import predict
from serving.server.status import get_model_status


@dataclasses.dataclass(frozen=True)
class Core:
    """The models and what is counted of them; `timeout_ms` is 0 where there is no limit.

    Every method raises ServingError with the code and message of TensorFlow Serving.
    """

    models: ModelManager
    metrics: Metrics

    def predict(self, request: predict_pb2.PredictRequest, timeout_ms: int) -> predict_pb2.PredictResponse:
        """Runs a signature."""
        with self.models.lease(_given(request)) as servable:
            return predict(servable, request, timeout_ms)

    def classify(
        self, request: classification_pb2.ClassificationRequest, timeout_ms: int
    ) -> classification_pb2.ClassificationResponse:
        """Classifies examples."""
        with self.models.lease(_given(request)) as servable:
            return classify(servable, request, timeout_ms)

    def regress(self, request: regression_pb2.RegressionRequest, timeout_ms: int) -> regression_pb2.RegressionResponse:
        """Finds a figure for each example."""
        with self.models.lease(_given(request)) as servable:
            return regress(servable, request, timeout_ms)

    def multi_inference(
        self, request: inference_pb2.MultiInferenceRequest, timeout_ms: int
    ) -> inference_pb2.MultiInferenceResponse:
        """Runs several signatures on the same examples."""
        spec = request.tasks[0].model_spec if request.tasks else model_pb2.ModelSpec()
        with self.models.lease(spec) as servable:
            response = multi_inference(servable, request, timeout_ms)
        examples = getattr(request.input, request.input.WhichOneof("kind")).examples
        self.metrics.example_counts.add(spec.name, value=len(examples))
        self.metrics.example_count_total.add(spec.name, count=len(examples))
        return response

    def metadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Describes the signatures of a model."""
        return get_model_metadata(self.models, request)

    def status(
        self, request: get_model_status_pb2.GetModelStatusRequest
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Tells the states of a model's versions."""
        return get_model_status(self.models, request)

    def reload(self, request: model_management_pb2.ReloadConfigRequest) -> None:
        """Serves the models of another configuration."""
        kind = request.config.WhichOneof("config")
        if kind != "model_config_list":
            raise invalid_argument(
                "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently"
                " supported"
            )
        self.models.configure(request.config.model_config_list.config)


def _given(request: predict_pb2.PredictRequest) -> model_pb2.ModelSpec:
    if not request.HasField("model_spec"):
        raise invalid_argument("Missing ModelSpec")
    return request.model_spec
