"""tf.Examples of pairs, and of all references of a source together."""

import struct
from collections.abc import Iterable, Sequence

from tensorflow.core.example import example_pb2

from transform.features import EXAMPLE_WEIGHT, REFERENCES, SOURCE, TARGET

_POSITION = struct.Struct(">QQ")


def encode_example(
    source: bytes, references: Sequence[bytes], slices: dict[str, bytes], weight: float | None = None
) -> bytes:
    """A serialized tf.Example of bytes: SOURCE [1], TARGET [1], REFERENCES [1 or more], and the slice keys [1].

    Where there is a weight, EXAMPLE_WEIGHT [1] holds it as a float.
    """
    example = example_pb2.Example()
    feature = example.features.feature
    feature[SOURCE].bytes_list.value.append(source)
    feature[TARGET].bytes_list.value.append(references[0])
    feature[REFERENCES].bytes_list.value.extend(references)
    for key, value in slices.items():
        feature[key].bytes_list.value.append(value)
    if weight is not None:
        feature[EXAMPLE_WEIGHT].float_list.value.append(weight)
    return example.SerializeToString(deterministic=True)


def place(example: bytes, order: int, line: int) -> bytes:
    """An example behind its place, number of the file and line: as bytes these sort in the order of reading."""
    return _POSITION.pack(order, line) + example


def merge(placed: Iterable[bytes]) -> bytes:
    """One example of placed examples of one source: the first one, with the references of all, each once."""
    first, *others = (example[_POSITION.size :] for example in sorted(placed))
    if not others:
        return first
    merged = example_pb2.Example.FromString(first)
    references = merged.features.feature[REFERENCES].bytes_list.value
    known = set(references)
    for other in others:
        for reference in example_pb2.Example.FromString(other).features.feature[REFERENCES].bytes_list.value:
            if reference not in known:
                known.add(reference)
                references.append(reference)
    return merged.SerializeToString(deterministic=True)
