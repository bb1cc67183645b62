"""The flags of tensorflow_model_server, as far as the local server has them."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from google.protobuf import message
from tensorflow.core.protobuf import config_pb2
from tensorflow_serving.config import model_server_config_pb2

from serving.server.batching_options import BatchingOptions
from serving.server.metrics import PAGE_PATH
from serving.server.model_configs import read_model_config_file, single_model
from serving.server.models import LoadSettings
from serving.server.server import ServerOptions
from serving.server.text_protos import (
    BatchingParameters,
    ConfigFileError,
    MonitoringConfig,
    SSLConfig,
    read_text_proto,
)

# Flags of the C++ server without a counterpart here.
_NOT_HERE = (
    "enable_profiler",
    "mixed_precision",
    "num_tflite_interpreters_per_pool",
    "num_tflite_pools",
    "per_process_gpu_memory_fraction",
    "platform_config_file",
    "prefer_tflite_model",
    "skip_initialize_tpu",
    "thread_pool_factory_config_file",
    "use_alts_credentials",
    "xla_cpu_compilation_enabled",
)
# Flags of the C++ server that change nothing that a client could see.
_WITHOUT_EFFECT = (
    "flush_filesystem_caches",
    "num_load_threads",
    "num_unload_threads",
    "remove_unused_fields_from_bundle_metagraph",
    "rest_api_num_threads",
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        raise ConfigFileError(message)


def flag_parser() -> argparse.ArgumentParser:
    """The parser of the flags, each with its help; it raises ConfigFileError."""
    parser = _Parser(
        prog="python -m serving.server",
        description="A local double of tensorflow_model_server, for development and tests.",
        allow_abbrev=False,
    )
    flag, switch = parser.add_argument, _switch(parser)
    flag("--port", type=int, default=8500, help="port of gRPC; 0 takes one that is free")
    flag("--host", default="0.0.0.0", help="address to listen on (the local server alone has this flag)")
    flag("--grpc_socket_path", default="", help="UNIX socket to listen on as well")
    flag("--grpc_channel_arguments", default="", help="key=value pairs for gRPC, with commas between")
    flag("--grpc_max_threads", type=int, default=ServerOptions.grpc_max_threads, help="threads that answer gRPC")
    flag("--rest_api_port", type=int, default=0, help="port of the REST API; 0: none")
    flag("--rest_api_timeout_in_ms", type=int, default=30_000, help="milliseconds that a REST request may take")
    switch("--rest_api_enable_cors_support", False, "send CORS headers")
    switch("--enable_batching", False, "merge requests into batches")
    flag("--batching_parameters_file", default="", help="BatchingParameters as text")
    switch("--enable_per_model_batching_parameters", False, "read batching_params.pbtxt of each version instead")
    switch("--allow_version_labels_for_unavailable_models", False, "let labels name versions that are not served yet")
    flag("--model_config_file", default="", help="ModelServerConfig as text; --model_name and path are then ignored")
    flag("--model_config_file_poll_wait_seconds", type=float, default=0.0, help="read that file again; 0: never")
    flag("--model_name", default="default", help="name of the model")
    flag("--model_base_path", default="", help="folder with the numbered versions of the model")
    flag("--max_num_load_retries", type=int, default=5, help="how often a version that cannot be loaded is tried again")
    flag("--load_retry_interval_micros", type=int, default=60_000_000, help="microseconds between those tries")
    flag("--file_system_poll_wait_seconds", type=float, default=1.0, help="between looks for new versions; 0: once")
    flag("--tensorflow_session_parallelism", type=int, default=0, help="threads of a session; 0: as TensorFlow decides")
    flag("--tensorflow_intra_op_parallelism", type=int, default=0, help="threads of one operation")
    flag("--tensorflow_inter_op_parallelism", type=int, default=0, help="operations at a time")
    flag("--tensorflow_session_config_file", default="", help="ConfigProto as text")
    flag("--ssl_config_file", default="", help="SSLConfig as text: gRPC is then served over TLS")
    flag("--saved_model_tags", default="serve", help="tags of the graph to load, with commas between")
    switch("--enable_model_warmup", True, "replay the warm-up requests of a version before it is served")
    flag("--num_request_iterations_for_warmup", type=int, default=1, help="how often each is replayed")
    flag("--monitoring_config_file", default="", help="MonitoringConfig as text: turns the page of metrics on")
    switch("--enable_grpc_healthcheck_service", False, "answer gRPC's standard health checks")
    for name in _WITHOUT_EFFECT:
        flag(f"--{name}", nargs="?", help=argparse.SUPPRESS)
    return parser


def parse_flags(
    arguments: Sequence[str],
) -> tuple[list[model_server_config_pb2.ModelConfig], ServerOptions, argparse.Namespace]:
    """Models and options that flags ask for.

    Raises:
      ConfigFileError: a flag is unknown, a file cannot be used, or two flags contradict each other.
    """
    for argument in arguments:
        name = argument.removeprefix("--").partition("=")[0]
        if name in _NOT_HERE:
            raise ConfigFileError(f"--{name}: tensorflow_model_server has this flag, the local server has not")
    flags = flag_parser().parse_args(arguments)
    if flags.model_config_file:
        models = read_model_config_file(Path(flags.model_config_file))
    elif flags.model_base_path:
        models = [single_model(flags.model_name, Path(flags.model_base_path))]
    else:
        raise ConfigFileError("--model_base_path and --model_config_file are both missing: give one of them")
    return models, options_of(flags), flags


def options_of(flags: argparse.Namespace) -> ServerOptions:
    """The options that parsed flags ask for.

    Raises:
      ConfigFileError: a file cannot be used, or two flags contradict each other.
    """
    if flags.rest_api_port and flags.rest_api_port == flags.port:
        raise ConfigFileError(f"--rest_api_port and --port are both {flags.port}: REST needs a port of its own")
    return ServerOptions(
        host=flags.host,
        port=flags.port,
        grpc_socket_path=flags.grpc_socket_path,
        grpc_channel_arguments=_channel_arguments(flags.grpc_channel_arguments),
        grpc_max_threads=flags.grpc_max_threads,
        grpc_healthcheck=flags.enable_grpc_healthcheck_service,
        tls=_message(flags.ssl_config_file, SSLConfig),
        rest_port=flags.rest_api_port or None,
        rest_timeout_ms=flags.rest_api_timeout_in_ms,
        rest_cors=flags.rest_api_enable_cors_support,
        metrics_path=_metrics_path(flags.monitoring_config_file),
        tags=tuple(flags.saved_model_tags.split(",")),
        session_config=_session_config(flags),
        warmup_iterations=max(1, flags.num_request_iterations_for_warmup) if flags.enable_model_warmup else 0,
        batching=_batching(flags),
        per_model_batching=flags.enable_per_model_batching_parameters,
        load=LoadSettings(
            poll_seconds=flags.file_system_poll_wait_seconds,
            retries=flags.max_num_load_retries,
            retry_seconds=max(0.0, flags.load_retry_interval_micros / 1e6),
            labels_for_unavailable=flags.allow_version_labels_for_unavailable_models,
        ),
    )


def _switch(parser: argparse.ArgumentParser):
    def add(name: str, default: bool, explained: str) -> None:
        parser.add_argument(name, type=_as_bool, nargs="?", const=True, default=default, help=explained)

    return add


def _as_bool(text: str) -> bool:
    if text.lower() in ("true", "1"):
        return True
    if text.lower() in ("false", "0"):
        return False
    raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")


def _channel_arguments(text: str) -> tuple[tuple[str, int | str], ...]:
    pairs = [pair.partition("=") for pair in text.split(",") if pair]
    for name, equals, value in pairs:
        if not equals:
            raise ConfigFileError(f"--grpc_channel_arguments: found {name!r}, wanted key=value{value}")
    return tuple((name, int(value) if value.lstrip("-").isdecimal() else value) for name, _, value in pairs)


def _message(path: str, kind: type[message.Message]) -> message.Message | None:
    return read_text_proto(path, kind) if path else None


def _metrics_path(path: str) -> str | None:
    if not path:
        return None
    prometheus = read_text_proto(path, MonitoringConfig).prometheus_config
    return (prometheus.path or PAGE_PATH) if prometheus.enable else None


def _batching(flags: argparse.Namespace) -> BatchingOptions | None:
    path = flags.batching_parameters_file
    if not flags.enable_batching:
        if path:
            raise ConfigFileError("--batching_parameters_file is set without --enable_batching")
        return None
    if not path:
        return BatchingOptions()
    try:
        return BatchingOptions.of(read_text_proto(path, BatchingParameters))
    except ConfigFileError:
        raise
    except ValueError as error:
        raise ConfigFileError(f"{path}: {error}") from error


def _session_config(flags: argparse.Namespace) -> config_pb2.ConfigProto:
    config = config_pb2.ConfigProto()
    if flags.tensorflow_session_config_file:
        config = read_text_proto(flags.tensorflow_session_config_file, config_pb2.ConfigProto)
    both, intra, inter = (
        flags.tensorflow_session_parallelism,
        flags.tensorflow_intra_op_parallelism,
        flags.tensorflow_inter_op_parallelism,
    )
    if both and intra and inter:
        raise ConfigFileError("--tensorflow_session_parallelism says what the intra and inter flags say: give either")
    if intra or inter or both:
        config.intra_op_parallelism_threads = intra if intra or inter else both
        config.inter_op_parallelism_threads = inter if intra or inter else both
    return config
