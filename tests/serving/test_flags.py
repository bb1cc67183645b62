"""The local server under the flags of tensorflow_model_server."""

import json
import signal
import subprocess
import sys
import time
import urllib.request

import grpc
import pytest
from google.protobuf import text_format
from tensorflow_serving.apis import prediction_service_pb2_grpc

from serving.client import ClientError, Connection, Tls, TranslationClient
from serving.server.batching_options import BatchingOptions
from serving.server.flags import parse_flags
from serving.server.text_protos import ConfigFileError, SSLConfig
from tests.certificates import certificate, pem
from tests.serving.calls import numbers, outputs_of, predict_request, spec
from tests.serving.conftest import free_port


def test_flags_become_options(tmp_path):
    (tmp_path / "batching.txt").write_text("max_batch_size { value: 8 } num_batch_threads { value: 3 }")
    (tmp_path / "monitoring.txt").write_text('prometheus_config { enable: true path: "/here" }')
    flags = [
        *("--port=1234", "--rest_api_port", "1235", "--model_name=m", f"--model_base_path={tmp_path}"),
        *("--enable_batching", f"--batching_parameters_file={tmp_path / 'batching.txt'}"),
        *(f"--monitoring_config_file={tmp_path / 'monitoring.txt'}", "--enable_model_warmup=false"),
        *("--grpc_channel_arguments=grpc.max_connection_age_ms=2000,a=b", "--saved_model_tags=serve,tpu"),
        *("--load_retry_interval_micros=-1", "--tensorflow_intra_op_parallelism=2", "--flush_filesystem_caches=false"),
    ]
    [model], options, _ = parse_flags(flags)
    assert (model.name, model.base_path) == ("m", str(tmp_path))
    assert (options.port, options.rest_port, options.metrics_path) == (1234, 1235, "/here")
    assert options.batching == BatchingOptions(max_batch_size=8, num_batch_threads=3)
    assert options.warmup_iterations == 0
    assert options.grpc_channel_arguments == (("grpc.max_connection_age_ms", 2000), ("a", "b"))
    assert options.tags == ("serve", "tpu")
    assert options.load.retry_seconds == 0
    assert options.session_config.intra_op_parallelism_threads == 2


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "--model_base_path and --model_config_file are both missing"),
        (["--model_base_path=/m", "--colour=red"], "unrecognized arguments: --colour=red"),
        (["--model_base_path=/m", "--prefer_tflite_model=true"], "the local server has not"),
        (["--model_base_path=/m", "--port=http"], "invalid int value: 'http'"),
        (["--model_base_path=/m", "--enable_batching=maybe"], "'maybe' is neither true nor false"),
        (["--model_base_path=/m", "--port=7", "--rest_api_port=7"], "REST needs a port of its own"),
        (["--model_base_path=/m", "--batching_parameters_file=/b"], "is set without --enable_batching"),
        (["--model_config_file=/absent"], "/absent: "),
    ],
)
def test_flags_that_are_refused(flags, message):
    with pytest.raises(ConfigFileError, match=message):
        parse_flags(flags)


def test_files_that_are_refused_are_named(tmp_path):
    path = tmp_path / "batching.txt"
    flags = ["--model_base_path=/m", "--enable_batching", f"--batching_parameters_file={path}"]
    for content, message in (
        ("max_batch { value: 1 }", 'no field named "max_batch"'),
        ("max_batch_size { value: 8 } allowed_batch_sizes: 4", "last entry was 4; expected 8"),
    ):
        path.write_text(content)
        with pytest.raises(ConfigFileError) as raised:
            parse_flags(flags)
        assert str(path) in str(raised.value)
        assert message in str(raised.value)


def test_a_server_of_its_own_with_everything_on(tmp_path, models):
    authority = certificate("authority")
    root, _ = pem(*authority)
    server_certificate, server_key = pem(*certificate("localhost", authority))
    client_certificate, client_key = pem(*certificate("client", authority))
    tls = SSLConfig(
        server_key=server_key.decode(),
        server_cert=server_certificate.decode(),
        custom_ca=root.decode(),
        client_verify=True,
    )
    (tmp_path / "tls.txt").write_text(text_format.MessageToString(tls))
    config = tmp_path / "models.txt"
    entry = 'config {{ name: "{}" base_path: "{}" model_platform: "tensorflow" }}'
    first = entry.format("translator", models / "translator")
    config.write_text(f"model_config_list {{ {first} }}")
    port, rest_port = free_port(), free_port()
    command = [
        *(sys.executable, "-m", "serving.server", f"--port={port}", f"--rest_api_port={rest_port}"),
        *(f"--model_config_file={config}", "--model_config_file_poll_wait_seconds=0.1"),
        *(f"--ssl_config_file={tmp_path / 'tls.txt'}", f"--grpc_socket_path={tmp_path / 'socket'}"),
        "--enable_batching",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            lines = iter(server.stderr.readline, "")
            assert any(line == f"Running gRPC ModelServer at 0.0.0.0:{port} ...\n" for line in lines)
            here = f"localhost:{port}"
            good = Tls(root_certificates=root, client_key=client_key, client_certificate=client_certificate)
            with TranslationClient(Connection(here, tls=good), "translator") as client:
                assert len(client.translate(["hello", "there"])) == 2
            for bad in (None, Tls(root_certificates=root)):
                with (
                    TranslationClient(Connection(here, tls=bad, deadline_seconds=1), "translator") as client,
                    pytest.raises(ClientError),
                ):
                    client.translate(["hello"])
            # A model that is added to the file is served without a restart.
            config.write_text(f"model_config_list {{ {first} {entry.format('numbers', models / 'numbers')} }}")
            address = f"http://localhost:{rest_port}/v1/models/numbers:predict"
            body = json.dumps({"inputs": {"x": [1], "y": [2]}}).encode()
            assert _eventually(lambda: json.loads(urllib.request.urlopen(address, body).read()))["outputs"]["sum"] == [
                3
            ]
            credentials = grpc.ssl_channel_credentials(root, client_key, client_certificate)
            options = [("grpc.ssl_target_name_override", "localhost")]
            with grpc.secure_channel(f"unix:{tmp_path / 'socket'}", credentials, options) as channel:
                stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
                response = stub.Predict(predict_request(spec("numbers"), numbers(x=[1], y=[1])), timeout=10)
                assert outputs_of(response)["sum"].tolist() == [2]
        finally:
            server.send_signal(signal.SIGINT)
            server.stderr.read()
        assert server.wait(20) == 0


def _eventually(call, seconds=15):
    end = time.monotonic() + seconds
    while True:
        try:
            return call()
        except OSError:  # noqa: PERF203 - trying again is the point
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
