"""Tensors on the wire mean what TensorFlow takes them for."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving import tensors

ARRAYS = [
    np.float32([[1.5, -2, np.inf], [np.nan, 0, 3e-39]]),
    np.float64([1e300, -0.0]),
    np.int64([-(2**63), 2**63 - 1]),
    np.int32([[-1], [2]]),
    np.int16([-3, 4]),
    np.int8([-128, 127]),
    np.uint8([0, 255]),
    np.uint16([65535]),
    np.uint32([2**32 - 1]),
    np.uint64([2**64 - 1]),
    np.array([True, False]),
    np.float16([0.5, -65504]),
    tf.constant([1.5, -2.0], tf.bfloat16).numpy(),
    np.array([b"", b"\xff\x00", "日本".encode()], object),
    np.zeros((0, 3), np.float32),
    np.zeros((2, 0), np.int64),
    np.empty((0,), object),
    np.float32(7),
]


@pytest.mark.parametrize("encode", [tensors.to_proto, tensors.to_typed_proto])
@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_tensorflow_reads_what_is_written(array, encode):
    proto = encode(array)
    read = tf.io.parse_tensor(proto.SerializeToString(), tf.as_dtype(proto.dtype)).numpy()
    np.testing.assert_array_equal(np.asarray(read, array.dtype), array)


@pytest.mark.parametrize("encode", [tf.make_tensor_proto, lambda x: tf.io.serialize_tensor(x).numpy()])
@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_what_tensorflow_writes_is_read(array, encode):
    proto = encode(array if array.dtype != object or array.size else tf.constant([], tf.string))
    if isinstance(proto, bytes):
        proto = tensor_pb2.TensorProto.FromString(proto)
    read = tensors.from_proto(proto)
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


def test_missing_values_are_the_last_one_again_and_surplus_ones_are_dropped():
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_INT64, int64_val=[5, 6])
    proto.tensor_shape.dim.add(size=4)
    assert tensors.from_proto(proto).tolist() == [5, 6, 6, 6]
    del proto.int64_val[:]
    assert tensors.from_proto(proto).tolist() == [0, 0, 0, 0]
    proto.int64_val.extend(range(9))
    assert tensors.from_proto(proto).tolist() == [0, 1, 2, 3]


def test_strings_may_come_as_content():
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, tensor_content=b"\x02\x00\xac\x02" + b"ab" + b"c" * 300)
    proto.tensor_shape.dim.add(size=3)
    assert tensors.from_proto(proto).tolist() == [b"ab", b"", b"c" * 300]


def _proto(dtype, *shape, **fields):
    proto = tensor_pb2.TensorProto(dtype=dtype, **fields)
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    return proto


@pytest.mark.parametrize(
    "proto",
    [
        _proto(types_pb2.DT_INVALID, 1),
        _proto(99, 1),
        _proto(types_pb2.DT_RESOURCE, 1),
        _proto(types_pb2.DT_FLOAT, -1),
        _proto(types_pb2.DT_FLOAT, 2, tensor_content=b"1234567"),
        _proto(types_pb2.DT_FLOAT, 3, tensor_content=b"12345678"),
        _proto(types_pb2.DT_FLOAT, 2**40, float_val=[1]),
        _proto(types_pb2.DT_STRING, 2, tensor_content=b"\x05ab"),
        _proto(types_pb2.DT_STRING, 1, tensor_content=b"\xff\xff\xff\xff\xff\xff"),
        _proto(types_pb2.DT_STRING, 2**40),
    ],
)
def test_what_is_no_tensor_is_refused(proto):
    with pytest.raises(ValueError):
        tensors.from_proto(proto)
