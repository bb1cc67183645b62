"""Classify, Regress and MultiInference: signatures that take serialized tf.Examples."""

from collections.abc import Sequence

import grpc
import numpy as np
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow.python.framework import dtypes
from tensorflow_serving.apis import (
    classification_pb2,
    inference_pb2,
    input_pb2,
    model_pb2,
    regression_pb2,
)

from serving.server.errors import ServingError, invalid_argument
from serving.server.predict import DEFAULT_SIGNATURE
from serving.server.servable import Servable

CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"
_INPUTS = "inputs"
_CLASSES = "classes"
_SCORES = "scores"
_OUTPUTS = "outputs"


def classify(
    servable: Servable, request: classification_pb2.ClassificationRequest, timeout_ms: int
) -> classification_pb2.ClassificationResponse:
    """Classes and scores of each example.

    Raises:
      ServingError: the signature is none that classifies, there is no example, or the model refuses it.
    """
    signature = _signature(servable, request.model_spec)
    feed, fetches = _classification_tensors(signature)
    examples = serialized_examples(request.input)
    values = servable.run("Classify", {feed: examples}, fetches, timeout_ms)
    response = classification_pb2.ClassificationResponse()
    response.model_spec.CopyFrom(_answered(servable, request.model_spec))
    _fill_classifications(signature, dict(zip(fetches, values, strict=True)), len(examples), response.result)
    return response


def regress(
    servable: Servable, request: regression_pb2.RegressionRequest, timeout_ms: int
) -> regression_pb2.RegressionResponse:
    """One figure for each example.

    Raises:
      ServingError: the signature is none that regresses, there is no example, or the model refuses it.
    """
    signature = _signature(servable, request.model_spec)
    feed, fetches = _regression_tensors(signature)
    examples = serialized_examples(request.input)
    values = servable.run("Regress", {feed: examples}, fetches, timeout_ms)
    response = regression_pb2.RegressionResponse()
    response.model_spec.CopyFrom(_answered(servable, request.model_spec))
    _fill_regressions(signature, dict(zip(fetches, values, strict=True)), len(examples), response.result)
    return response


def multi_inference(
    servable: Servable, request: inference_pb2.MultiInferenceRequest, timeout_ms: int
) -> inference_pb2.MultiInferenceResponse:
    """Several classifications and regressions of the same examples, in one run of the graph.

    Raises:
      ServingError: a task is wrong, or the model refuses an example.
    """
    feeds, fetches, names = set(), set(), set()
    for task in request.tasks:
        if not task.model_spec.name:
            raise invalid_argument("Found ModelSpec with an empty model name.")
        if task.model_spec.name != request.tasks[0].model_spec.name:
            raise invalid_argument("All ModelSpecs in a MultiInferenceRequest must access the same model name.")
        name = task.model_spec.signature_name or DEFAULT_SIGNATURE
        if name in names:
            raise invalid_argument(f"Duplicate evaluation of signature: {name}")
        names.add(name)
        if name not in servable.session.signatures:
            raise invalid_argument(f"Requested signature not found in model graph: {name}")
        signature = servable.session.signatures[name]
        if task.method_name == CLASSIFY:
            feed, fetched = _classification_tensors(signature)
        elif task.method_name == REGRESS:
            feed, fetched = _regression_tensors(signature)
        else:
            message = f"Unsupported signature method_name: {task.method_name}"
            raise ServingError(grpc.StatusCode.UNIMPLEMENTED, message)
        feeds.add(feed)
        fetches.update(fetched)
    examples = serialized_examples(request.input)
    order = sorted(fetches)
    values = servable.run("MultiInference", dict.fromkeys(feeds, examples), order, timeout_ms)
    by_tensor = dict(zip(order, values, strict=True))
    response = inference_pb2.MultiInferenceResponse()
    for task in request.tasks:
        signature = servable.session.signatures[task.model_spec.signature_name or DEFAULT_SIGNATURE]
        result = response.results.add()
        result.model_spec.CopyFrom(_answered(servable, task.model_spec))
        if task.method_name == CLASSIFY:
            _fill_classifications(signature, by_tensor, len(examples), result.classification_result)
        else:
            _fill_regressions(signature, by_tensor, len(examples), result.regression_result)
    return response


def serialized_examples(given: input_pb2.Input) -> np.ndarray:
    """The examples of a request, string [B]; a common context stands before each, which merges the two.

    Raises:
      ServingError: there is none.
    """
    kind = given.WhichOneof("kind")
    context, examples = b"", ()
    if kind == "example_list":
        examples = given.example_list.examples
    elif kind == "example_list_with_context":
        context = given.example_list_with_context.context.SerializeToString()
        examples = given.example_list_with_context.examples
    if not examples:
        raise invalid_argument("Input is empty.")
    return np.array([context + example.SerializeToString() for example in examples], object)


def _signature(servable: Servable, spec: model_pb2.ModelSpec) -> meta_graph_pb2.SignatureDef:
    name = spec.signature_name or DEFAULT_SIGNATURE
    if name not in servable.session.signatures:
        raise invalid_argument(f"No signature was found with the name: {name}")
    return servable.session.signatures[name]


def _answered(servable: Servable, spec: model_pb2.ModelSpec) -> model_pb2.ModelSpec:
    answered = model_pb2.ModelSpec(name=spec.name, signature_name=spec.signature_name or DEFAULT_SIGNATURE)
    answered.version.value = servable.version
    return answered


def _classification_tensors(signature: meta_graph_pb2.SignatureDef) -> tuple[str, list[str]]:
    if len(signature.inputs) != 1:
        raise invalid_argument("Expected one input Tensor.")
    if len(signature.outputs) not in (1, 2):
        raise invalid_argument(f"Expected one or two output Tensors, found {len(signature.outputs)}")
    if _INPUTS not in signature.inputs:
        raise invalid_argument(f"No classification inputs found in SignatureDef: {signature}")
    wanted = [signature.outputs[name].name for name in (_CLASSES, _SCORES) if name in signature.outputs]
    if not wanted:
        raise invalid_argument(
            f'Expected classification signature outputs to contain at least one of "{_CLASSES}" or "{_SCORES}".'
            f" Signature was: {signature}"
        )
    return signature.inputs[_INPUTS].name, wanted


def _regression_tensors(signature: meta_graph_pb2.SignatureDef) -> tuple[str, list[str]]:
    if len(signature.inputs) != 1:
        raise invalid_argument("Expected one input Tensor.")
    if len(signature.outputs) != 1:
        raise invalid_argument("Expected one output Tensor.")
    if _INPUTS not in signature.inputs:
        raise invalid_argument(f"No regression inputs found in SignatureDef: {signature}")
    if _OUTPUTS not in signature.outputs:
        raise invalid_argument(f"No regression outputs found in SignatureDef: {signature}")
    return signature.inputs[_INPUTS].name, [signature.outputs[_OUTPUTS].name]


def _fill_classifications(
    signature: meta_graph_pb2.SignatureDef,
    values: dict[str, np.ndarray],
    examples: int,
    result: classification_pb2.ClassificationResult,
) -> None:
    found = {}
    for name, kind in ((_CLASSES, types_pb2.DT_STRING), (_SCORES, types_pb2.DT_FLOAT)):
        if name in signature.outputs:
            found[name] = np.asarray(values[signature.outputs[name].name])
            _check_classes(name, found[name], kind, examples)
    widths = [value.shape[1] for value in found.values()]
    if len(set(widths)) > 1:
        raise invalid_argument(f"Tensors class and score should match in dim_size(1). Got {widths[0]} vs. {widths[1]}")
    for row in range(examples):
        classifications = result.classifications.add()
        for place in range(widths[0]):
            one = classifications.classes.add()
            if _CLASSES in found:
                one.label = found[_CLASSES][row, place].decode("utf-8", "replace")
            if _SCORES in found:
                one.score = found[_SCORES][row, place]


def _check_classes(name: str, value: np.ndarray, kind: int, examples: int) -> None:
    if value.ndim != 2:
        raise invalid_argument(f"Expected Tensor shape: [batch_size num_classes] but got {_shape(value.shape)}")
    actual = _type(value)
    if actual != kind:
        wanted = types_pb2.DataType.Name(kind)
        raise invalid_argument(f"Expected {name} Tensor of {wanted}. Got: {types_pb2.DataType.Name(actual)}")
    if value.shape[0] != examples:
        raise invalid_argument(f"Expected {name} output batch size of {examples}. Got: {value.shape[0]}")


def _fill_regressions(
    signature: meta_graph_pb2.SignatureDef,
    values: dict[str, np.ndarray],
    examples: int,
    result: regression_pb2.RegressionResult,
) -> None:
    value = np.asarray(values[signature.outputs[_OUTPUTS].name])
    if not (value.ndim == 1 or (value.ndim == 2 and value.shape[1] == 1)):
        raise invalid_argument(
            f"Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got {_shape(value.shape)}"
        )
    if value.shape[0] != examples:
        raise invalid_argument(f"Input batch size did not match output batch size: {examples} vs. {value.shape[0]}")
    if _type(value) != types_pb2.DT_FLOAT:
        raise invalid_argument(f"Expected output Tensor of DT_FLOAT.  Got: {types_pb2.DataType.Name(_type(value))}")
    for figure in value.ravel():
        result.regressions.add(value=figure)


def _type(value: np.ndarray) -> int:
    return types_pb2.DT_STRING if value.dtype == object else dtypes.as_dtype(value.dtype).as_datatype_enum


def _shape(shape: Sequence[int]) -> str:
    return f"[{','.join(map(str, shape))}]"
