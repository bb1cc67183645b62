"""Predict, case by case, as TensorFlow Serving answers it."""

import numpy as np
import pytest
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2

from serving import contract
from tests.serving.calls import numbers, outputs_of, predict_request, refusal, spec

BOTH = numbers(x=[1, 2], y=[3, 4])


def predict(served, *arguments, **options):
    return served.prediction.Predict(predict_request(*arguments), timeout=30, **options)


def test_outputs_and_the_version_that_gave_them(served):
    response = predict(served, spec("numbers"), BOTH)
    assert response.model_spec == spec("numbers", version=3, signature="serving_default")
    found = outputs_of(response)
    assert sorted(found) == ["product", "sum"]
    np.testing.assert_array_equal(found["sum"], np.float32([4, 6]))
    np.testing.assert_array_equal(found["product"], np.float32([3, 8]))
    assert response.outputs["sum"].float_val[:] == [4, 6], "values go out in the field of their type"


def test_only_the_outputs_that_are_wanted(served):
    response = predict(served, spec("numbers"), BOTH, ["product"])
    assert list(response.outputs) == ["product"]


def test_text_in_and_out(served):
    texts = np.array([b"", b"\xff", "日本".encode(), b"x" * 100_000], object)
    found = outputs_of(predict(served, spec("numbers", signature="sizes"), {"text": texts}))
    assert found["length"].tolist() == [len(text) for text in texts]
    assert found["text_bytes"].tolist() == texts.tolist()


def test_an_empty_batch(served):
    found = outputs_of(predict(served, spec("numbers"), numbers(x=[], y=[])))
    assert found["sum"].shape == (0,)


def test_a_specific_version(served):
    response = predict(served, spec("numbers", version=3), BOTH)
    assert response.model_spec.version.value == 3


def test_a_shape_that_the_graph_can_use_is_not_checked(served):
    found = outputs_of(predict(served, spec("numbers"), numbers(x=[[1, 2]], y=[3, 4])))
    assert found["sum"].tolist() == [[4, 6]]


UNPARSABLE = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_content=b"123")
UNPARSABLE.tensor_shape.dim.add(size=2)
REFUSALS = [
    (spec(""), BOTH, (), "INVALID_ARGUMENT", "ModelSpec has no name specified."),
    (spec("absent"), BOTH, (), "NOT_FOUND", "Servable not found for request: Latest(absent)"),
    (spec("numbers", version=7), BOTH, (), "NOT_FOUND", "Servable not found for request: Specific(numbers, 7)"),
    (spec("numbers", label="L"), BOTH, (), "INVALID_ARGUMENT", "Unrecognized servable version label: L"),
    (
        *(spec("numbers", signature="X"), BOTH, ()),
        *("FAILED_PRECONDITION", 'Serving signature key "X" not found.'),
    ),
    (
        *(spec("numbers"), numbers(x=[1]), (), "INVALID_ARGUMENT"),
        "input size does not match signature: 1!=2 len({x}) != len({x,y}). Sent extra: {}. Missing but required: {y}.",
    ),
    (
        *(spec("numbers"), numbers(x=[1], y=[1], z=[1]), (), "INVALID_ARGUMENT"),
        (
            "input size does not match signature: 3!=2 len({x,y,z}) != len({x,y}). Sent extra: {z}."
            " Missing but required: {}."
        ),
    ),
    (spec("numbers"), {"x": UNPARSABLE, "y": np.float32([1])}, (), "INVALID_ARGUMENT", "tensor parsing error: x"),
    (
        *(spec("numbers"), BOTH, ["sum", "colour"], "INVALID_ARGUMENT"),
        "output tensor alias not found in signature: colour Outputs expected to be in the set {product,sum}.",
    ),
    (spec("numbers"), BOTH, ["sum", "sum"], "INVALID_ARGUMENT", "duplicate output tensor alias: sum"),
]


@pytest.mark.parametrize(("model", "inputs", "outputs", "code", "message"), REFUSALS)
def test_refusals(served, model, inputs, outputs, code, message):
    request = predict_request(model, inputs, outputs)
    assert refusal(served.prediction.Predict, request) == (code, message)


def test_no_model_spec(served):
    request = predict_pb2.PredictRequest()
    assert refusal(served.prediction.Predict, request) == ("INVALID_ARGUMENT", "Missing ModelSpec")


def test_a_wrong_name_among_the_right_number(served):
    code, message = refusal(served.prediction.Predict, predict_request(spec("numbers"), numbers(x=[1], z=[1])))
    assert code == "INVALID_ARGUMENT"
    assert message.startswith("Signature input alias: y(feed name: ")
    assert message.endswith(
        ":0) not found in request and no default value provided. Inputs expected to be in the request {x,z}, or default"
        " input alias set: "
    )


@pytest.mark.parametrize(
    ("value", "kind"),
    [(np.int64([1]), "int64"), (np.float64([1]), "double"), (np.array([b"1"], object), "string")],
)
def test_a_wrong_type(served, value, kind):
    code, message = refusal(served.prediction.Predict, predict_request(spec("numbers"), {**BOTH, "x": value}))
    assert (code, message) == ("INVALID_ARGUMENT", f"Expects arg[0] to be float but {kind} is provided")


def test_a_shape_that_the_graph_cannot_use(served):
    code, message = refusal(served.prediction.Predict, predict_request(spec("numbers"), numbers(x=[1, 2], y=[1, 2, 3])))
    assert code == "INVALID_ARGUMENT"
    assert "Incompatible shapes" in message or "incompatible shapes" in message.lower()


def test_a_deadline_stops_the_run(served):
    request = predict_request(spec("numbers", signature="spin"), {"x": np.float32([1])})
    code, _ = refusal(served.prediction.Predict, request, timeout=0.3)
    assert code == "DEADLINE_EXCEEDED"
    # Its threads are free again.
    assert outputs_of(predict(served, spec("numbers"), BOTH))["sum"].tolist() == [4, 6]


def test_long_messages_are_cut(served):
    request = predict_request(spec("numbers", signature="é" * 2000), BOTH)
    code, message = refusal(served.prediction.Predict, request)
    assert code == "FAILED_PRECONDITION"
    assert message.endswith("...TRUNCATED")
    assert 1000 <= len(message.removesuffix("...TRUNCATED").encode()) <= 1024


def malformed_steps():
    right = {
        contract.TOKEN: np.int64([2, 2]),
        contract.STATE: np.zeros((2, 12), np.float32),
        contract.MEMORY: np.zeros((2, 3, 12), np.float32),
        contract.SOURCE_LENGTH: np.int64([3, 2]),
    }
    yield {**right, contract.STATE: np.zeros((2, 5), np.float32)}
    yield {**right, contract.STATE: np.zeros((3, 12), np.float32)}
    yield {**right, contract.STATE: np.zeros(12, np.float32)}
    yield {**right, contract.TOKEN: np.int64([10**6, -1])}
    yield {**right, contract.MEMORY: np.zeros((2, 3, 4), np.float32)}
    yield {**right, contract.TOKEN: np.float32([2, 2])}


@pytest.mark.parametrize("inputs", malformed_steps())
def test_malformed_steps_get_a_status_and_the_server_goes_on(served, inputs):
    request = predict_request(spec("translator", signature=contract.DECODE_STEP), inputs)
    code, message = refusal(served.prediction.Predict, request)
    assert code == "INVALID_ARGUMENT"
    assert message
    assert outputs_of(predict(served, spec("numbers"), BOTH))["sum"].tolist() == [4, 6]


def test_bytes_that_are_no_request(served):
    import grpc

    with grpc.insecure_channel(served.grpc) as channel:
        call = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        with pytest.raises(grpc.RpcError) as raised:
            call(b"\xff\x00 no protocol buffer", timeout=10)
    assert raised.value.code().name == "INTERNAL"
    assert outputs_of(predict(served, spec("numbers"), BOTH))["sum"].tolist() == [4, 6]
