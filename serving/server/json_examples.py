"""tf.Examples in JSON, as the REST API takes them to classify and regress (json_tensor.cc)."""

from collections.abc import Mapping
from typing import Any

from tensorflow.core.example import example_pb2, feature_pb2

from serving.server.errors import invalid_argument
from serving.server.json_tensors import decoded_base64, is_base64, kind_of, shown


def fill_examples(document: Mapping[str, Any], request: Any) -> None:
    """Fills in the examples of a request to classify or regress.

    Raises:
      ServingError: there are none, or one is no mapping of features.
    """
    given = request.input
    has_context = "context" in document
    if has_context:
        given.example_list_with_context.context.CopyFrom(_example(document["context"]))
    whole = shown(document)
    if "examples" not in document:
        raise invalid_argument(
            f"JSON Value: {whole} When method is classify, key 'examples' is expected and was not found"
        )
    if not isinstance(document["examples"], list):
        raise invalid_argument(f"JSON Value: {whole} Expecting 'examples' value to be an list/array")
    if not document["examples"]:
        raise invalid_argument(f"JSON Value: {whole} 'examples' value is an empty array")
    target = given.example_list_with_context.examples if has_context else given.example_list.examples
    target.extend(_example(value) for value in document["examples"])


def _example(value: Any) -> example_pb2.Example:
    if not isinstance(value, dict):
        raise invalid_argument(f"Example must be JSON object but got JSON {kind_of(value)}")
    example = example_pb2.Example()
    for name, content in value.items():
        feature = example.features.feature[name]
        for element in content if isinstance(content, list) else [content]:
            _append_to_feature(element, name, feature)
    return example


def _append_to_feature(value: Any, name: str, feature: feature_pb2.Feature) -> None:
    if isinstance(value, bool):
        kind, value = "int64", int(value)
    elif isinstance(value, str):
        kind, value = "bytes", value.encode("utf-8", "surrogatepass")
    elif is_base64(value):
        kind, value = "bytes", decoded_base64(value)
    elif isinstance(value, float):
        kind = "float"
    elif isinstance(value, int) and -(2**63) <= value < 2**63:
        kind = "int64"
    elif isinstance(value, int):
        raise invalid_argument(f"Feature: {name} has uint64_t element. Only int64_t is supported.")
    else:
        raise invalid_argument(f"Feature: {name} has element with unexpected JSON type: {kind_of(value)}")
    before = feature.WhichOneof("kind")
    if before not in (None, f"{kind}_list"):
        expected = before.removesuffix("_list")
        raise invalid_argument(f"Unexpected element type in feature: {name} expecting type: {expected}")
    getattr(feature, f"{kind}_list").value.append(value)
