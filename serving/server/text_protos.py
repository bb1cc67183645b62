"""Configuration files of tensorflow_model_server: protocol buffers in text form."""

from pathlib import Path
from typing import TypeVar

from google.protobuf import descriptor_pb2, message, message_factory, text_format, wrappers_pb2

Message = TypeVar("Message", bound=message.Message)

_FIELD = descriptor_pb2.FieldDescriptorProto
_SCALARS = {"string": _FIELD.TYPE_STRING, "bool": _FIELD.TYPE_BOOL, "int64": _FIELD.TYPE_INT64}


class ConfigFileError(ValueError):
    """A configuration file that cannot be used; the message names it."""


def read_text_proto(path: str | Path, kind: type[Message]) -> Message:
    """Reads a file into a message.

    Raises:
      ConfigFileError: the file cannot be read, or its text is no such message.
    """
    try:
        return text_format.Parse(Path(path).read_text(encoding="utf-8"), kind())
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        raise ConfigFileError(f"{path}: {error}") from error


def _message_classes() -> dict[str, type[message.Message]]:
    """Messages that TensorFlow Serving reads and that tensorflow-serving-api does not bring.

    Names, numbers and types are those of session_bundle_config.proto, monitoring_config.proto and ssl_config.proto.
    """
    file = descriptor_pb2.FileDescriptorProto(name="seq2seq/server_config.proto", package="seq2seq", syntax="proto3")
    file.dependency.append(wrappers_pb2.DESCRIPTOR.name)
    definitions = {
        "BatchingParameters": [
            ("max_batch_size", 1, "Int64Value"),
            ("batch_timeout_micros", 2, "Int64Value"),
            ("max_enqueued_batches", 3, "Int64Value"),
            ("num_batch_threads", 4, "Int64Value"),
            ("thread_pool_name", 5, "StringValue"),
            ("allowed_batch_sizes", 6, "repeated int64"),
            ("pad_variable_length_inputs", 7, "bool"),
            ("enable_large_batch_splitting", 8, "BoolValue"),
            ("max_execution_batch_size", 9, "Int64Value"),
        ],
        "PrometheusConfig": [("enable", 1, "bool"), ("path", 2, "string")],
        "MonitoringConfig": [("prometheus_config", 1, "PrometheusConfig")],
        "SSLConfig": [
            ("server_key", 1, "string"),
            ("server_cert", 2, "string"),
            ("custom_ca", 3, "string"),
            ("client_verify", 4, "bool"),
        ],
    }
    for name, fields in definitions.items():
        definition = file.message_type.add(name=name)
        for field, number, declared in fields:
            *repeated, kind = declared.split()
            label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
            added = definition.field.add(name=field, number=number, label=label)
            if kind in _SCALARS:
                added.type = _SCALARS[kind]
            else:
                added.type = _FIELD.TYPE_MESSAGE
                added.type_name = f".seq2seq.{kind}" if kind in definitions else f".google.protobuf.{kind}"
    wrappers = descriptor_pb2.FileDescriptorProto()
    wrappers_pb2.DESCRIPTOR.CopyToProto(wrappers)
    classes = message_factory.GetMessages([wrappers, file])
    return {name: classes[f"seq2seq.{name}"] for name in definitions}


_CLASSES = _message_classes()
BatchingParameters = _CLASSES["BatchingParameters"]
MonitoringConfig = _CLASSES["MonitoringConfig"]
SSLConfig = _CLASSES["SSLConfig"]
