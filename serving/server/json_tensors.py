"""Tensors in JSON, as the REST API takes them (json_tensor.cc)."""

import base64
import binascii
import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow.python.framework import dtypes
from tensorflow_serving.apis import predict_pb2

from serving.server.errors import ServingError, invalid_argument

_BASE64 = "b64"
_INTEGERS = {
    types_pb2.DT_INT32: ("int_val", -(2**31), 2**31 - 1),
    types_pb2.DT_INT16: ("int_val", -(2**31), 2**31 - 1),
    types_pb2.DT_INT8: ("int_val", -(2**31), 2**31 - 1),
    types_pb2.DT_UINT8: ("int_val", -(2**31), 2**31 - 1),
    types_pb2.DT_INT64: ("int64_val", -(2**63), 2**63 - 1),
    types_pb2.DT_UINT32: ("uint32_val", 0, 2**32 - 1),
    types_pb2.DT_UINT64: ("uint64_val", 0, 2**64 - 1),
}
_FLOATS = {types_pb2.DT_FLOAT: "float_val", types_pb2.DT_DOUBLE: "double_val"}
Inputs = Mapping[str, meta_graph_pb2.TensorInfo]


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a request's body.

    Raises:
      ServingError: it is none.
    """
    if not body:
        raise invalid_argument("JSON Parse error: The document is empty")
    try:
        document = json.loads(body.decode("utf-8"))
    except json.JSONDecodeError as error:
        raise invalid_argument(f"JSON Parse error: {error.msg} at offset: {error.pos}") from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise invalid_argument(f"JSON Parse error: {error}") from error
    if not isinstance(document, dict):
        raise invalid_argument(f"JSON Value: {shown(document)} Is not object")
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid_argument(
            f"JSON Value: {shown(document)} not formatted correctly. 'signature_name' key must be a string value."
        )
    return document


def fill_predict_request(document: Mapping[str, Any], inputs: Inputs, request: predict_pb2.PredictRequest) -> bool:
    """Fills in the inputs of a request, out of `instances` (rows) or `inputs` (columns).

    Returns:
      Whether they came as rows; the answer goes out in the same form.

    Raises:
      ServingError: the document has neither, or both, or values that do not fit the signature.
    """
    if "instances" in document and "inputs" in document:
        raise invalid_argument(
            f"JSON Value: {shown(document)} Not formatted correctly expecting only one of 'inputs' or 'instances' keys"
            " to exist "
        )
    if "instances" in document:
        _fill_rows(document, inputs, request)
        return True
    if "inputs" in document:
        _fill_columns(document["inputs"], inputs, request)
        return False
    raise invalid_argument("Missing 'inputs' or 'instances' key")


def _fill_rows(document: Mapping[str, Any], inputs: Inputs, request: predict_pb2.PredictRequest) -> None:
    instances = document["instances"]
    if not isinstance(instances, list):
        raise invalid_argument(f"JSON Value: {shown(document)} Expecting 'instances' to be an list/array")
    if not instances:
        raise invalid_argument(f"JSON Value: {shown(document)} No values in 'instances' array")
    if not isinstance(instances[0], dict) and len(inputs) > 1:
        raise invalid_argument(
            "instances is a plain list, but expecting list of objects as multiple input tensors required as per"
            " tensorinfo_map"
        )
    as_objects = _is_object(instances[0])
    only = next(iter(inputs))
    shapes: dict[str, list[int]] = {}
    for place, instance in enumerate(instances):
        if as_objects != _is_object(instance):
            wanted, got = ("object", "list") if as_objects else ("value/list", "object")
            raise invalid_argument(f"Expecting {wanted} but got {got} at item {place} of input list")
        named = instance if as_objects else {only: instance}
        for name, value in named.items():
            key = f" key: {name}" if as_objects else ""
            with _errors_at(f"Failed to process element: {place}{key} of 'instances' list."):
                _add_row(value, name, inputs, shapes, request)
        if set(named) != set(inputs):
            raise invalid_argument(
                f"Failed to process element: {place} of 'instances' list. JSON object: {shown(instance)} keys must be"
                f" equal to: {','.join(sorted(inputs))}"
            )
    for name, shape in shapes.items():
        request.inputs[name].dtype = inputs[name].dtype
        _set_shape(request.inputs[name], [len(instances), *shape])


@contextlib.contextmanager
def _errors_at(place: str) -> Iterator[None]:
    try:
        yield
    except ServingError as error:
        raise invalid_argument(f"{place} Error: {error.code.name}: {error.message}") from error


def _add_row(
    value: Any, name: str, inputs: Inputs, shapes: dict[str, list[int]], request: predict_pb2.PredictRequest
) -> None:
    if name not in inputs:
        raise invalid_argument(f"JSON object: does not have named input: {name}")
    shape = _shape(value)
    _fill(value, 0, shape, inputs[name].dtype, request.inputs[name])
    if shapes.setdefault(name, shape) != shape:
        if np.prod(shapes[name]) != np.prod(shape):
            raise invalid_argument(
                f"Expecting tensor size: {int(np.prod(shapes[name]))} but got: {int(np.prod(shape))}"
            )
        raise invalid_argument(f"Expecting shape {_bracketed(shapes[name])} but got: {_bracketed(shape)}")


def _fill_columns(value: Any, inputs: Inputs, request: predict_pb2.PredictRequest) -> None:
    if not _is_object(value):
        if len(inputs) > 1:
            raise invalid_argument(
                "inputs is a plain value/list, but expecting an object as multiple input tensors required as per"
                " tensorinfo_map"
            )
        value = {next(iter(inputs)): value}
    for name, info in inputs.items():
        if name not in value:
            raise invalid_argument(f"Missing named input: {name} in 'inputs' object.")
        tensor = request.inputs[name]
        tensor.dtype = info.dtype
        shape = _shape(value[name])
        _set_shape(tensor, shape)
        _fill(value[name], 0, shape, info.dtype, tensor)


def _fill(value: Any, level: int, shape: list[int], dtype: int, tensor: tensor_pb2.TensorProto) -> None:
    """Appends the leaves of nested lists, all of which must lie at the depth and have the widths of the first."""
    if not isinstance(value, list):
        if level != len(shape):
            raise invalid_argument(
                f"JSON Value: {shown(value)} found at incorrect level: {level + 1} in the JSON DOM. Expected at level:"
                f" {len(shape)}"
            )
        _append(value, dtype, tensor)
        return
    if level >= len(shape):
        raise invalid_argument(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise invalid_argument(
            f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: {shape[level]}"
        )
    for element in value:
        _fill(element, level + 1, shape, dtype, tensor)


def _append(value: Any, dtype: int, tensor: tensor_pb2.TensorProto) -> None:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    if dtype == types_pb2.DT_STRING:
        if isinstance(value, dict):
            tensor.string_val.append(decoded_base64(value))
        elif isinstance(value, str):
            tensor.string_val.append(value.encode("utf-8", "surrogatepass"))
        else:
            raise _wrong_type(value, dtype)
    elif dtype in _FLOATS and (is_integer or isinstance(value, float)):
        getattr(tensor, _FLOATS[dtype]).append(_as_float(value))
    elif dtype in _INTEGERS and is_integer and _INTEGERS[dtype][1] <= value <= _INTEGERS[dtype][2]:
        getattr(tensor, _INTEGERS[dtype][0]).append(value)
    elif dtype == types_pb2.DT_BOOL and isinstance(value, bool):
        tensor.bool_val.append(value)
    else:
        raise _wrong_type(value, dtype)


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def decoded_base64(value: dict[str, Any]) -> bytes:
    """The bytes in an object of the form `{"b64": "..."}`; ServingError if it is none."""
    if not is_base64(value):
        raise invalid_argument(f"JSON Value: {shown(value)} not formatted correctly for base64 data")
    encoded = value[_BASE64]
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid_argument("Unable to base64 decode") from error


def is_base64(value: Any) -> bool:
    """Whether a value has the form `{"b64": "..."}`."""
    return isinstance(value, dict) and list(value) == [_BASE64] and isinstance(value[_BASE64], str)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not is_base64(value)


def _shape(value: Any) -> list[int]:
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    return shape


def _set_shape(tensor: tensor_pb2.TensorProto, shape: list[int]) -> None:
    tensor.tensor_shape.Clear()
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    tensor.tensor_shape.SetInParent()


def _bracketed(shape: list[int]) -> str:
    return f"[{','.join(map(str, shape))}]"


def _wrong_type(value: Any, dtype: int) -> ServingError:
    return invalid_argument(
        f"JSON Value: {shown(value)} Type: {kind_of(value)} is not of expected type: {dtypes.as_dtype(dtype).name}"
    )


def kind_of(value: Any) -> str:
    """What kind of JSON value it is, as messages name it."""
    if value is None or isinstance(value, bool):
        return {None: "Null", True: "True", False: "False"}[value]
    return {dict: "Object", list: "Array", str: "String"}.get(type(value), "Number")


def shown(value: Any) -> str:
    """A JSON value as messages show it."""
    return json.dumps(value, indent=4, ensure_ascii=False)
