"""TFRecord files of tf.Examples."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO

from apache_beam.io.tfrecordio import _TFRecordUtil
from google.protobuf.message import DecodeError
from tensorflow.core.example import example_pb2, feature_pb2

from components.config.data import DataConfig, InputConfig
from components.example_gen.rows import (
    BadRow,
    FileError,
    Reason,
    Row,
    RowError,
    attempt,
    check_weight,
    decode,
    make_row,
)

_Features = Mapping[str, feature_pb2.Feature]


def read_tf_records(streams: Sequence[BinaryIO], data: DataConfig, entry: InputConfig) -> Iterator[Row | BadRow]:
    """Rows of one file: features of bytes, of which the target may have several; slice keys may be int64 too.

    The weight is a feature of float or int64.

    Raises:
      FileError: the file is damaged, or is no TFRecord.
    """
    del entry
    [stream] = streams
    for number, record in enumerate(_read_records(stream), 1):
        yield attempt(_row, number, record, data)


def write_records(stream: BinaryIO, records: Iterable[bytes]) -> None:
    """Appends records to a TFRecord file."""
    # The stream is one that packs, and does so call by call.
    unpacked = io.BytesIO()
    for record in records:
        _TFRecordUtil.write_record(unpacked, record)
    stream.write(unpacked.getbuffer())


def _read_records(stream: BinaryIO) -> Iterator[bytes]:
    number = 1
    try:
        while (record := _TFRecordUtil.read_record(stream)) is not None:
            yield record
            number += 1
    except ValueError as error:
        raise FileError(f"record {number} cannot be read, the file is damaged or no TFRecord: {error}") from error


def _row(number: int, record: bytes, data: DataConfig) -> Row:
    features = _parse(record)
    [source] = _texts(features, data.source, most=1)
    references = _texts(features, data.target)
    slices = [_slice(features, key) for key in data.slice_keys]
    weight = None if data.weight is None else _weight(features, data.weight)
    return make_row(number, source, references, slices, weight)


def _parse(record: bytes) -> _Features:
    try:
        return example_pb2.Example.FromString(record).features.feature
    except DecodeError as error:
        raise RowError(Reason.NO_EXAMPLE, "the record is no tf.Example") from error


def _texts(features: _Features, name: str, most: int | None = None) -> list[str]:
    """All values of a feature of bytes: at least one."""
    kind = _kind(features, name)
    if kind != "bytes_list":
        raise RowError(Reason.WRONG_TYPE, f"feature {name!r} is {kind}, wanted bytes_list")
    values = features[name].bytes_list.value
    if most is not None and len(values) > most:
        raise RowError(Reason.WRONG_TYPE, f"feature {name!r} has {len(values)} values, wanted {most}")
    try:
        return [decode(value) for value in values]
    except RowError as error:
        raise RowError(error.reason, f"in {name!r} {error.detail}") from error


def _slice(features: _Features, name: str) -> str:
    if _kind(features, name) == "int64_list" and len(features[name].int64_list.value) == 1:
        return str(features[name].int64_list.value[0])
    [value] = _texts(features, name, most=1)
    return value


def _weight(features: _Features, name: str) -> float:
    kind = _kind(features, name)
    if kind == "bytes_list":
        raise RowError(Reason.WRONG_TYPE, f"feature {name!r} is bytes_list, wanted float_list or int64_list")
    values = getattr(features[name], kind).value
    if len(values) > 1:
        raise RowError(Reason.WRONG_TYPE, f"feature {name!r} has {len(values)} values, wanted 1")
    return check_weight(float(values[0]))


def _kind(features: _Features, name: str) -> str:
    kind = features[name].WhichOneof("kind") if name in features else None
    if kind is None or not getattr(features[name], kind).value:
        raise RowError(Reason.MISSING, f"feature {name!r} is missing")
    return kind
