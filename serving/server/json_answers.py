"""Answers in JSON, as the REST API gives them (json_tensor.cc)."""

import base64
import json
from collections.abc import Mapping

import numpy as np
from tensorflow_serving.apis import classification_pb2, predict_pb2, regression_pb2

from serving import tensors
from serving.server.errors import invalid_argument

_BYTES_SUFFIX = "_bytes"


def predictions(response: predict_pb2.PredictResponse, as_rows: bool) -> bytes:
    """The outputs of a signature: one object for each row, or one list for each output.

    A single output stands without its name. Strings of outputs whose name ends in `_bytes` are base64.

    Raises:
      ServingError: rows are wanted, and an output has no first dimension, or another one than the rest.
    """
    outputs = {name: tensors.from_proto(proto) for name, proto in sorted(response.outputs.items())}
    if not outputs:
        raise invalid_argument("Cannot convert empty tensor map to JSON")
    if not as_rows:
        columns = {name: _value(value, name) for name, value in outputs.items()}
        return b'{"outputs": ' + _named(columns) + b"}"
    rows = -1
    for name, value in outputs.items():
        if value.ndim == 0:
            raise invalid_argument(f"Tensor name: {name} has no shape information ")
        if rows >= 0 and len(value) != rows:
            raise invalid_argument(f"Tensor name: {name} has inconsistent batch size: {len(value)} expecting: {rows}")
        rows = len(value)
    each = [_named({name: _value(value[row], name) for name, value in outputs.items()}) for row in range(rows)]
    return b'{"predictions": [' + b", ".join(each) + b"]}"


def classifications(result: classification_pb2.ClassificationResult) -> bytes:
    """Pairs of label and score for each example."""
    rows = [
        b", ".join(b"[%s, %s]" % (_string(one.label.encode()), _float(np.float32(one.score))) for one in row.classes)
        for row in result.classifications
    ]
    return b'{"results": [' + b", ".join(b"[" + row + b"]" for row in rows) + b"]}"


def regressions(result: regression_pb2.RegressionResult) -> bytes:
    """One figure for each example."""
    return b'{"results": [' + b", ".join(_float(np.float32(one.value)) for one in result.regressions) + b"]}"


def error(message: str) -> bytes:
    """What is answered instead of a result."""
    return json.dumps({"error": message}, ensure_ascii=False).encode("utf-8", "replace")


def _named(values: Mapping[str, bytes]) -> bytes:
    if len(values) == 1:
        return next(iter(values.values()))
    return b"{" + b", ".join(_string(name.encode()) + b": " + value for name, value in values.items()) + b"}"


def _value(value: np.ndarray, name: str) -> bytes:
    if isinstance(value, np.ndarray) and value.ndim:
        return b"[" + b", ".join(_value(element, name) for element in value) + b"]"
    value = value.item() if isinstance(value, np.ndarray) else value
    if isinstance(value, bytes):
        if name.endswith(_BYTES_SUFFIX):
            return b'{"b64": "' + base64.b64encode(value) + b'"}'
        return _string(value)
    if isinstance(value, float | np.floating):
        return _float(value)
    return b"true" if value is True or value is np.True_ else b"false" if value is False else b"%d" % value


def _string(value: bytes) -> bytes:
    # Bytes that are no UTF-8 go out as they are, as the C++ server sends them.
    text = value.decode("utf-8", "surrogateescape")
    return json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogateescape")


def _float(value: np.floating) -> bytes:
    """The shortest of six or of as many digits as the value needs, with a point, so that readers see a float."""
    if not np.isfinite(value):
        return b"NaN" if np.isnan(value) else b"Infinity" if value > 0 else b"-Infinity"
    text = f"{value:.6g}"
    kind = type(value)
    if kind(text) != value:
        text = f"{value:.9g}" if kind is np.float32 else f"{value:.17g}"
    return text.encode() if "." in text or "e" in text else f"{text}.0".encode()
