"""Metadata and status of models, and gRPC's health checks, as TensorFlow Serving answers them."""

import grpc
import pytest
from google.protobuf import any_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_management_pb2

from tests.serving.calls import refusal, spec


def metadata(*fields, model=None):
    return get_model_metadata_pb2.GetModelMetadataRequest(model_spec=model or spec("numbers"), metadata_field=fields)


def status(model):
    return get_model_status_pb2.GetModelStatusRequest(model_spec=model)


def test_metadata_is_the_signatures_of_the_file(served, models):
    response = served.prediction.GetModelMetadata(metadata("signature_def"))
    assert response.model_spec == spec("numbers", version=3)
    packed: any_pb2.Any = response.metadata["signature_def"]
    assert packed.type_url == "type.googleapis.com/tensorflow.serving.SignatureDefMap"
    found = get_model_metadata_pb2.SignatureDefMap()
    assert packed.Unpack(found)
    file = (models / "numbers" / "3" / "saved_model.pb").read_bytes()
    [graph] = saved_model_pb2.SavedModel.FromString(file).meta_graphs
    assert dict(found.signature_def) == dict(graph.signature_def)


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        (
            get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"]),
            *("INVALID_ARGUMENT", "Missing ModelSpec"),
        ),
        (metadata(), "INVALID_ARGUMENT", "GetModelMetadataRequest must specify at least one metadata_field"),
        (metadata("weights"), "INVALID_ARGUMENT", "Metadata field weights is not supported"),
        (
            metadata("signature_def", model=spec("absent")),
            *("NOT_FOUND", "Servable not found for request: Latest(absent)"),
        ),
    ],
)
def test_metadata_that_is_refused(served, request_, code, message):
    assert refusal(served.prediction.GetModelMetadata, request_) == (code, message)


def test_status(served):
    [only] = served.models.GetModelStatus(status(spec("numbers"))).model_version_status
    assert (only.version, only.state, only.status.error_code) == (3, 30, 0)
    [only] = served.models.GetModelStatus(status(spec("numbers", version=3))).model_version_status
    assert only.version == 3


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        (get_model_status_pb2.GetModelStatusRequest(), "INVALID_ARGUMENT", "Missing ModelSpec"),
        (status(spec("absent")), "NOT_FOUND", "Could not find any versions of model absent"),
        (status(spec("numbers", version=7)), "NOT_FOUND", "Could not find version 7 of model numbers"),
    ],
)
def test_status_that_is_refused(served, request_, code, message):
    assert refusal(served.models.GetModelStatus, request_) == (code, message)


def test_a_new_configuration_without_a_list_is_refused(served):
    assert refusal(served.models.HandleReloadConfigRequest, model_management_pb2.ReloadConfigRequest()) == (
        "INVALID_ARGUMENT",
        (
            "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently"
            " supported"
        ),
    )


def test_health(served):
    with grpc.insecure_channel(served.grpc) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for name in ("", "ModelService", "PredictionService"):
            assert stub.Check(health_pb2.HealthCheckRequest(service=name)).status == 1
        assert refusal(stub.Check, health_pb2.HealthCheckRequest(service="X"))[0] == "NOT_FOUND"


def test_other_services_are_not_there(served):
    with grpc.insecure_channel(served.grpc) as channel:
        for method in ("SessionService/SessionRun", "PredictionService/PredictStreamed"):
            call = channel.unary_unary(f"/tensorflow.serving.{method}")
            with pytest.raises(grpc.RpcError) as raised:
                call(b"", timeout=10)
            assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
