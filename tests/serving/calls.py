"""Requests of TensorFlow Serving's API, in short."""

import grpc
import numpy as np
import pytest
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import input_pb2, model_pb2, predict_pb2

from serving import tensors


def spec(name, version=None, label=None, signature=""):
    """A ModelSpec."""
    result = model_pb2.ModelSpec(name=name, signature_name=signature)
    if version is not None:
        result.version.value = version
    if label is not None:
        result.version_label = label
    return result


def predict_request(model, inputs, outputs=()):
    """A PredictRequest; inputs are arrays or TensorProtos."""
    request = predict_pb2.PredictRequest(model_spec=model, output_filter=outputs)
    for name, value in inputs.items():
        is_proto = isinstance(value, tensor_pb2.TensorProto)
        request.inputs[name].CopyFrom(value if is_proto else tensors.to_proto(value))
    return request


def numbers(**inputs):
    """Inputs of the model `numbers`, float32 [B]."""
    return {name: np.float32(value) for name, value in inputs.items()}


def examples(*values, key="x"):
    """An Input of examples with one float each."""
    result = input_pb2.Input()
    for value in values:
        result.example_list.examples.add().features.feature[key].float_list.value.append(value)
    result.example_list.SetInParent()
    return result


def outputs_of(response):
    """Arrays by name."""
    return {name: tensors.from_proto(proto) for name, proto in response.outputs.items()}


def refusal(method, request, **options):
    """The code's name and the message that a call is refused with."""
    with pytest.raises(grpc.RpcError) as raised:
        method(request, **options)
    return raised.value.code().name, raised.value.details()
