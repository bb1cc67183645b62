"""tf.Examples of pairs, and of all references of a source together."""

import functools
import struct
from collections.abc import Iterable, Sequence

from tensorflow.core.example import example_pb2

from transform.features import EXAMPLE_WEIGHT, REFERENCES, SOURCE, TARGET

_POSITION = struct.Struct(">QQ")
_FLOAT = struct.Struct("<f")

_TAGS = {1: b"\x0a", 2: b"\x12"}
_SHORT_LENGTHS = [bytes([size]) for size in range(128)]


def encode_example(
    source: bytes, references: Sequence[bytes], slices: dict[str, bytes], weight: float | None = None
) -> bytes:
    """A serialized tf.Example of bytes: SOURCE [1], TARGET [1], REFERENCES [1 or more], and the slice keys [1].

    Where there is a weight, EXAMPLE_WEIGHT [1] holds it as a float.
    """
    features = {name: _bytes_feature([value]) for name, value in slices.items()}
    features[SOURCE] = _bytes_feature([source])
    features[TARGET] = _bytes_feature(references[:1])
    features[REFERENCES] = _bytes_feature(references)
    if weight is not None:
        features[EXAMPLE_WEIGHT] = _field(2, _field(1, _FLOAT.pack(weight)))
    # Entries of a map, in the order of their keys, as deterministic serialization has them.
    entries = [_field(1, _key(name) + _field(2, features[name])) for name in sorted(features)]
    return _field(1, b"".join(entries))


def _bytes_feature(values: Sequence[bytes]) -> bytes:
    return _field(1, b"".join([_field(1, value) for value in values]))


@functools.cache
def _key(name: str) -> bytes:
    return _field(1, name.encode())


def _field(number: int, content: bytes) -> bytes:
    """A field of the wire format of Protocol Buffers that holds bytes or a message. Beside it, building messages in
    Python takes most of the time that a pair does."""
    size = len(content)
    return _TAGS[number] + (_SHORT_LENGTHS[size] if size < 128 else _varint(size)) + content


def _varint(number: int) -> bytes:
    """Seven bits in each byte, the lowest first; all bytes but the last have their highest bit set."""
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


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
