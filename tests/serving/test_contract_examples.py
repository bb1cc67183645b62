"""Classify, Regress and MultiInference, case by case, as TensorFlow Serving answers them."""

import numpy as np
import pytest
from tensorflow_serving.apis import classification_pb2, inference_pb2, input_pb2, regression_pb2

from tests.serving.calls import examples, predict_request, refusal, spec

CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"


def classification(signature="classify", given=None):
    return classification_pb2.ClassificationRequest(
        model_spec=spec("numbers", signature=signature), input=given or examples(1, -2)
    )


def regression(signature="regress", given=None):
    return regression_pb2.RegressionRequest(
        model_spec=spec("numbers", signature=signature), input=given or examples(1, -2)
    )


def several(*tasks, given=None):
    request = inference_pb2.MultiInferenceRequest(input=given or examples(1, -2))
    for model, method in tasks:
        request.tasks.add(model_spec=model, method_name=method)
    return request


def test_classes_and_scores(served):
    response = served.prediction.Classify(classification())
    assert response.model_spec == spec("numbers", version=3, signature="classify")
    found = [[(one.label, one.score) for one in row.classes] for row in response.result.classifications]
    assert found == [[("low", -1), ("high", 1)], [("low", 2), ("high", -2)]]


def test_regressions(served):
    response = served.prediction.Regress(regression())
    assert response.model_spec == spec("numbers", version=3, signature="regress")
    assert [one.value for one in response.result.regressions] == [1, -2]


def test_a_context_is_part_of_every_example(served):
    given = input_pb2.Input()
    given.example_list_with_context.context.features.feature["x"].float_list.value.append(5)
    for _ in range(2):
        given.example_list_with_context.examples.add()
    assert [one.value for one in served.prediction.Regress(regression(given=given)).result.regressions] == [5, 5]


def test_several_signatures_at_once(served):
    tasks = (spec("numbers", signature="classify"), CLASSIFY), (spec("numbers", signature="regress"), REGRESS)
    response = served.prediction.MultiInference(several(*tasks))
    first, second = response.results
    assert first.model_spec == spec("numbers", version=3, signature="classify")
    assert first.classification_result.classifications[1].classes[0].score == 2
    assert [one.value for one in second.regression_result.regressions] == [1, -2]


NO_EXAMPLES = input_pb2.Input()
NO_EXAMPLES.example_list.SetInParent()


@pytest.mark.parametrize(
    ("signature", "given", "message"),
    [
        ("X", None, "No signature was found with the name: X"),
        ("serving_default", None, "Expected one input Tensor."),
        ("sizes", None, "No classification inputs found in SignatureDef: "),
        (
            "regress",
            None,
            'Expected classification signature outputs to contain at least one of "classes" or "scores".',
        ),
        ("classify", NO_EXAMPLES, "Input is empty."),
        ("classify", input_pb2.Input(), "Input is empty."),
        ("classify", examples(1, key="y"), "Feature: x (data type: float) is required but could not be found."),
    ],
)
def test_what_cannot_be_classified(served, signature, given, message):
    code, answer = refusal(served.prediction.Classify, classification(signature, given))
    assert code == "INVALID_ARGUMENT"
    assert message in answer


@pytest.mark.parametrize(
    ("signature", "given", "message"),
    [
        ("X", None, "No signature was found with the name: X"),
        ("serving_default", None, "Expected one input Tensor."),
        ("classify", None, "Expected one output Tensor."),
        ("spin", None, "No regression inputs found in SignatureDef: "),
        ("regress", NO_EXAMPLES, "Input is empty."),
    ],
)
def test_what_cannot_be_regressed(served, signature, given, message):
    code, answer = refusal(served.prediction.Regress, regression(signature, given))
    assert code == "INVALID_ARGUMENT"
    assert message in answer


def test_bytes_that_are_no_example(served):
    request = predict_request(spec("numbers", signature="regress"), {"inputs": np.array([b"\xff\xfe\x00"], object)})
    code, message = refusal(served.prediction.Predict, request)
    assert code == "INVALID_ARGUMENT"
    assert "Could not parse example input" in message


def test_requests_without_a_model(served):
    for method, request in (
        (served.prediction.Classify, classification_pb2.ClassificationRequest(input=examples(1))),
        (served.prediction.Regress, regression_pb2.RegressionRequest(input=examples(1))),
    ):
        assert refusal(method, request) == ("INVALID_ARGUMENT", "Missing ModelSpec")
    no_tasks = several()
    assert refusal(served.prediction.MultiInference, no_tasks) == (
        "INVALID_ARGUMENT",
        "ModelSpec has no name specified.",
    )


@pytest.mark.parametrize(
    ("tasks", "code", "message"),
    [
        (
            [(spec("numbers", signature="classify"), CLASSIFY), (spec("translator"), REGRESS)],
            *("INVALID_ARGUMENT", "All ModelSpecs in a MultiInferenceRequest must access the same model name."),
        ),
        (
            [(spec("numbers", signature="classify"), CLASSIFY)] * 2,
            *("INVALID_ARGUMENT", "Duplicate evaluation of signature: classify"),
        ),
        (
            [(spec("numbers", signature="X"), CLASSIFY)],
            *("INVALID_ARGUMENT", "Requested signature not found in model graph: X"),
        ),
        (
            [(spec("numbers", signature="classify"), "tensorflow/serving/predict")],
            *("UNIMPLEMENTED", "Unsupported signature method_name: tensorflow/serving/predict"),
        ),
    ],
)
def test_tasks_that_are_refused(served, tasks, code, message):
    assert refusal(served.prediction.MultiInference, several(*tasks)) == (code, message)
