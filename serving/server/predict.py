"""Predict: from the tensors of a request to those of its response, with the checks of predict_util.cc in its order."""

from collections.abc import Iterable

import numpy as np
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import predict_pb2

from serving import tensors
from serving.server.errors import failed_precondition, invalid_argument
from serving.server.servable import Servable

DEFAULT_SIGNATURE = "serving_default"


def predict(servable: Servable, request: predict_pb2.PredictRequest, timeout_ms: int) -> predict_pb2.PredictResponse:
    """Runs one signature.

    Args:
      servable: the model version that the request asks for.
      request: names the signature, carries its inputs, and names the outputs wanted; none: all of them.
      timeout_ms: milliseconds that the run may take; 0: no limit.

    Raises:
      ServingError: with the code and message of TensorFlow Serving.
    """
    name = request.model_spec.signature_name or DEFAULT_SIGNATURE
    signature = servable.session.signatures.get(name)
    if signature is None:
        raise failed_precondition(f'Serving signature key "{name}" not found.')
    _check_size(signature, request)
    feeds = _feeds(signature, request)
    outputs = _outputs(signature, request.output_filter)
    values = servable.run("Predict", feeds, list(outputs.values()), timeout_ms)
    response = predict_pb2.PredictResponse()
    response.model_spec.name = request.model_spec.name
    response.model_spec.signature_name = name
    response.model_spec.version.value = servable.version
    for alias, value in zip(outputs, values, strict=True):
        response.outputs[alias].CopyFrom(tensors.to_typed_proto(np.asarray(value)))
    return response


def _check_size(signature: meta_graph_pb2.SignatureDef, request: predict_pb2.PredictRequest) -> None:
    sent, wanted = set(request.inputs), set(signature.inputs)
    if len(sent) > len(wanted) or (len(sent) < len(wanted) and not signature.defaults):
        raise invalid_argument(
            f"input size does not match signature: {len(sent)}!={len(wanted)}"
            f" len({{{_joined(sent)}}}) != len({{{_joined(wanted)}}})."
            f" Sent extra: {{{_joined(sent - wanted)}}}. Missing but required: {{{_joined(wanted - sent)}}}."
        )


def _feeds(signature: meta_graph_pb2.SignatureDef, request: predict_pb2.PredictRequest) -> dict[str, np.ndarray]:
    feeds, used = {}, set()
    for alias, info in sorted(signature.inputs.items()):
        if alias in request.inputs:
            proto = request.inputs[alias]
            used.add(alias)
        elif alias in signature.defaults:
            proto = signature.defaults[alias]
        else:
            raise invalid_argument(
                f"Signature input alias: {alias}(feed name: {info.name}) not found in request and no default value"
                f" provided. Inputs expected to be in the request {{{_joined(request.inputs)}}}, or default input"
                f" alias set: {_joined(signature.defaults)}"
            )
        try:
            feeds[info.name] = tensors.from_proto(proto)
        except ValueError as error:
            raise invalid_argument(f"tensor parsing error: {alias}") from error
    if len(used) != len(request.inputs):
        raise invalid_argument(
            f"Inputs contains invalid name. Used request inputs: {_joined(used)}, request input:"
            f" {_joined(request.inputs)}"
        )
    return feeds


def _outputs(signature: meta_graph_pb2.SignatureDef, wanted: Iterable[str]) -> dict[str, str]:
    """Names of the tensors to fetch, by alias."""
    outputs: dict[str, str] = {}
    for alias in wanted:
        if alias not in signature.outputs:
            raise invalid_argument(
                f"output tensor alias not found in signature: {alias} Outputs expected to be in the set"
                f" {{{_joined(signature.outputs)}}}."
            )
        if alias in outputs:
            raise invalid_argument(f"duplicate output tensor alias: {alias}")
        outputs[alias] = signature.outputs[alias].name
    return outputs or {alias: info.name for alias, info in sorted(signature.outputs.items())}


def _joined(names: Iterable[str]) -> str:
    return ",".join(sorted(names))
