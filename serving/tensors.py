"""Tensors as they cross the wire: TensorProto to NumPy and back, without a graph."""

import math

import numpy as np
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow.python.framework import dtypes

# What holds the values of a type in a TensorProto that does not use tensor_content.
_VALUE_FIELDS = {
    types_pb2.DT_FLOAT: "float_val",
    types_pb2.DT_DOUBLE: "double_val",
    types_pb2.DT_INT64: "int64_val",
    types_pb2.DT_UINT32: "uint32_val",
    types_pb2.DT_UINT64: "uint64_val",
    types_pb2.DT_BOOL: "bool_val",
    types_pb2.DT_STRING: "string_val",
    **dict.fromkeys(
        (types_pb2.DT_INT32, types_pb2.DT_INT16, types_pb2.DT_INT8, types_pb2.DT_UINT16, types_pb2.DT_UINT8), "int_val"
    ),
    **dict.fromkeys((types_pb2.DT_HALF, types_pb2.DT_BFLOAT16), "half_val"),
}
# A few bytes can claim a shape of any size: larger tensors than a message can carry are refused.
_MOST_BYTES = 2**31 - 1


def from_proto(proto: tensor_pb2.TensorProto) -> np.ndarray:
    """The array that a TensorProto stands for; strings as bytes in an array of objects.

    As in TensorFlow, fewer values than the shape asks for are filled up with the last one (with zeros where there is
    none), and values that are too many are dropped.

    Raises:
      ValueError: the type has no values on the wire, a dimension is unknown, the content is too short or too long, or
        the shape asks for more than 2 GiB.
    """
    if proto.dtype not in _VALUE_FIELDS:
        raise ValueError(f"no values of type {proto.dtype} can be read")
    shape = [dimension.size for dimension in proto.tensor_shape.dim]
    if proto.tensor_shape.unknown_rank or any(size < 0 for size in shape):
        raise ValueError("the shape is not fully known")
    count = math.prod(shape)
    dtype = np.dtype(dtypes.as_dtype(proto.dtype).as_numpy_dtype)
    if count * dtype.itemsize > _MOST_BYTES:
        raise ValueError(f"the shape {shape} asks for more than {_MOST_BYTES} bytes")
    if proto.dtype == types_pb2.DT_STRING:
        return _strings(proto, count).reshape(shape)
    if proto.tensor_content:
        return np.frombuffer(proto.tensor_content, dtype).reshape(shape)
    values = getattr(proto, _VALUE_FIELDS[proto.dtype])
    if proto.dtype in (types_pb2.DT_HALF, types_pb2.DT_BFLOAT16):
        given = np.array(values[:count], np.uint16).view(dtype)
    else:
        # int_val holds 32 bits; C++ keeps the lower ones of a smaller type.
        given = np.array(values[:count]).astype(dtype)
    return _filled(given, count, dtype.type()).reshape(shape)


def to_proto(array: np.ndarray | list) -> tensor_pb2.TensorProto:
    """The TensorProto of an array, its bytes as tensor_content, strings as string_val: what a client sends."""
    array = np.asarray(array)
    proto = _header(array)
    if proto.dtype == types_pb2.DT_STRING:
        proto.string_val.extend(_as_bytes(array))
    else:
        proto.tensor_content = array.tobytes()
    return proto


def to_typed_proto(array: np.ndarray) -> tensor_pb2.TensorProto:
    """The TensorProto of an array with its values in the field of their type: what TensorFlow Serving answers with."""
    proto = _header(array)
    if proto.dtype == types_pb2.DT_STRING:
        proto.string_val.extend(_as_bytes(array))
    elif proto.dtype in (types_pb2.DT_HALF, types_pb2.DT_BFLOAT16):
        proto.half_val.extend(array.ravel().view(np.uint16).tolist())
    else:
        getattr(proto, _VALUE_FIELDS[proto.dtype]).extend(array.ravel().tolist())
    return proto


def _header(array: np.ndarray) -> tensor_pb2.TensorProto:
    kind = array.dtype.kind
    dtype = types_pb2.DT_STRING if kind in "OSU" else dtypes.as_dtype(array.dtype).as_datatype_enum
    if dtype not in _VALUE_FIELDS:
        raise ValueError(f"arrays of type {array.dtype} cannot be sent")
    proto = tensor_pb2.TensorProto(dtype=dtype)
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    return proto


def _as_bytes(array: np.ndarray) -> list[bytes]:
    return [value.encode("utf-8") if isinstance(value, str) else value for value in array.ravel().tolist()]


def _strings(proto: tensor_pb2.TensorProto, count: int) -> np.ndarray:
    values = _string_list(proto.tensor_content, count) if proto.tensor_content else proto.string_val[:count]
    given = np.empty(len(values), object)
    given[:] = values
    return _filled(given, count, b"")


def _string_list(content: bytes, count: int) -> list[bytes]:
    """Strings out of tensor_content: the lengths of all of them as varints, then the bytes of all of them."""
    lengths, at = [], 0
    while len(lengths) < count:
        length = shift = 0
        while True:
            if at == len(content) or shift > 28:
                raise ValueError("the lengths of the strings are cut off")
            length |= (content[at] & 0x7F) << shift
            at += 1
            if content[at - 1] < 0x80:
                break
            shift += 7
        lengths.append(length)
    if at + sum(lengths) != len(content):
        raise ValueError("the strings' lengths do not add up to that of the content")
    values = []
    for length in lengths:
        values.append(content[at : at + length])
        at += length
    return values


def _filled(given: np.ndarray, count: int, otherwise: object) -> np.ndarray:
    if len(given) == count:
        return given
    whole = np.full(count, given[-1] if len(given) else otherwise, given.dtype)
    whole[: len(given)] = given
    return whole
