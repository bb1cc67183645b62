"""The REST API on its own port, and the page of metrics."""

import http.server
import json
import logging
import re
import socketserver
import threading
import time
import urllib.parse
from http import HTTPStatus

import grpc
from google.protobuf import json_format
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.generation import JSON_OPTIONS
from serving.server import json_answers, json_tensors
from serving.server.core import Core
from serving.server.errors import ServingError, failed_precondition, invalid_argument
from serving.server.json_examples import fill_examples
from serving.server.metadata import SIGNATURE_DEF
from serving.server.predict import DEFAULT_SIGNATURE

_LOGGER = logging.getLogger("seq2seq.server")
_API = re.compile(r"/v1/.*", re.IGNORECASE)
_MODEL = r"/v1/models{}(?:(?:/versions/(?P<version>\d+))|(?:/labels/(?P<label>[^/:]+)))?"
_INFER = re.compile(_MODEL.format(r"/(?P<name>[^/:]+)") + ":(?P<method>classify|regress|predict)", re.IGNORECASE)
_DESCRIBE = re.compile(_MODEL.format(r"(?:/(?P<name>[^/:]+))?") + r"(?:/(?P<metadata>metadata))?", re.IGNORECASE)
_HTTP_STATUS = {
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.INVALID_ARGUMENT: HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.FAILED_PRECONDITION: HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.OUT_OF_RANGE: HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.DEADLINE_EXCEEDED: HTTPStatus.GATEWAY_TIMEOUT,
    grpc.StatusCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS: HTTPStatus.CONFLICT,
    grpc.StatusCode.ABORTED: HTTPStatus.CONFLICT,
    grpc.StatusCode.PERMISSION_DENIED: HTTPStatus.FORBIDDEN,
    grpc.StatusCode.RESOURCE_EXHAUSTED: HTTPStatus.TOO_MANY_REQUESTS,
    grpc.StatusCode.UNIMPLEMENTED: HTTPStatus.NOT_IMPLEMENTED,
    grpc.StatusCode.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    grpc.StatusCode.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
}


class RestServer:
    """Answers HTTP requests in threads of its own."""

    def __init__(self, core: Core, host: str, port: int, timeout_ms: int, cors: bool, metrics_path: str | None):
        """Listens at once; `start` begins to answer.

        Raises:
          OSError: the port cannot be listened on.
        """
        # localhost may be an IPv6 address; clients of it try IPv4 as well.
        bind = "127.0.0.1" if host == "localhost" else host
        self._server = _ThreadingServer((bind, port), _Handler)
        self._server.core = core
        self._server.timeout_ms = timeout_ms
        self._server.cors = cors
        self._server.metrics_path = metrics_path
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="rest", daemon=True)

    def start(self) -> None:
        """Begins to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Takes no more requests; those under way are still answered."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


class _ThreadingServer(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128
    core: Core
    timeout_ms: int
    cors: bool
    metrics_path: str | None

    def server_bind(self) -> None:
        # HTTPServer's own looks the host's name up, which may take long and is used by nobody here.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _ThreadingServer

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == self.server.metrics_path:
            self._send(HTTPStatus.OK, self.server.core.metrics.page().encode(), "text/plain")
        else:
            self._dispatch(path, b"")

    def do_POST(self) -> None:
        self._dispatch(self.path.partition("?")[0], self._body())

    def do_OPTIONS(self) -> None:
        if re.search("https?://", self.headers.get("Origin", "")):
            self._send(HTTPStatus.OK, b"", "application/json")
        else:
            self._fail(failed_precondition("Origin header is missing in CORS preflight"))

    def log_message(self, *_: object) -> None:
        """Requests are counted, not logged."""

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        length = self.headers.get("Content-Length", "0")
        return self.rfile.read(int(length)) if length.isdecimal() else b""

    def _chunks(self) -> bytes:
        body = []
        while size := int(self.rfile.readline().split(b";")[0].strip() or b"0", 16):
            body.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return b"".join(body)

    def _dispatch(self, path: str, body: bytes) -> None:
        if not _API.fullmatch(path):
            self._send(HTTPStatus.NOT_FOUND, b"Not Found", "text/plain")
            return
        start = time.monotonic()
        request = (_INFER if self.command == "POST" else _DESCRIBE).fullmatch(path)
        core = self.server.core
        name, api = "", ""
        try:
            if request is None:
                raise invalid_argument(f"Malformed request: {self.command} {path}")
            spec = _model_spec(request)
            name, api = spec.name, request.groupdict().get("method") or ""
            if self.command == "POST":
                answer = infer(core, api.lower(), spec, body, self.server.timeout_ms)
            else:
                answer = describe(core, spec, wants_metadata=bool(request["metadata"]))
        except ServingError as error:
            core.metrics.request_count.add(name, error.code.name)
            self._fail(error)
            return
        except Exception as error:
            _LOGGER.exception("a request failed")
            core.metrics.request_count.add(name, grpc.StatusCode.INTERNAL.name)
            self._fail(ServingError(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}"))
            return
        core.metrics.request_count.add(name, "OK")
        core.metrics.request_latency.add(name, api, "REST", value=(time.monotonic() - start) * 1e6)
        self._send(HTTPStatus.OK, answer, "application/json")

    def _fail(self, error: ServingError) -> None:
        status = _HTTP_STATUS.get(error.code, HTTPStatus.INTERNAL_SERVER_ERROR)
        self._send(status, json_answers.error(error.message), "application/json")

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if self.server.cors:
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Access-Control-Allow-Methods", "POST, GET")
            self.send_header("Access-Control-Allow-Headers", "Content-Type")
        self.end_headers()
        self.wfile.write(body)


def infer(core: Core, method: str, spec: model_pb2.ModelSpec, body: bytes, timeout_ms: int) -> bytes:
    """Answers `:predict`, `:classify` or `:regress`.

    Raises:
      ServingError: the body is wrong, or the model refuses it.
    """
    document = json_tensors.parse_object(body)
    spec.signature_name = document.get("signature_name", "")
    if method == "classify":
        request = classification_pb2.ClassificationRequest(model_spec=spec)
        fill_examples(document, request)
        return json_answers.classifications(core.classify(request, timeout_ms).result)
    if method == "regress":
        request = regression_pb2.RegressionRequest(model_spec=spec)
        fill_examples(document, request)
        return json_answers.regressions(core.regress(request, timeout_ms).result)
    request = predict_pb2.PredictRequest(model_spec=spec)
    as_rows = json_tensors.fill_predict_request(document, _inputs(core, spec), request)
    return json_answers.predictions(core.predict(request, timeout_ms), as_rows)


def describe(core: Core, spec: model_pb2.ModelSpec, wants_metadata: bool) -> bytes:
    """Answers with the states of a model's versions, or with its signatures.

    Raises:
      ServingError: there is no such model.
    """
    if not spec.name:
        raise invalid_argument("Missing model name in request.")
    if not wants_metadata:
        status = core.status(get_model_status_pb2.GetModelStatusRequest(model_spec=spec))
        return json_format.MessageToJson(status, **JSON_OPTIONS).encode()
    response = core.metadata(
        get_model_metadata_pb2.GetModelMetadataRequest(model_spec=spec, metadata_field=[SIGNATURE_DEF])
    )
    signatures = get_model_metadata_pb2.SignatureDefMap()
    response.metadata[SIGNATURE_DEF].Unpack(signatures)
    answer = {
        "model_spec": json_format.MessageToDict(response.model_spec, **JSON_OPTIONS),
        "metadata": {SIGNATURE_DEF: json_format.MessageToDict(signatures, **JSON_OPTIONS)},
    }
    return json.dumps(answer, indent=1).encode()


def _inputs(core: Core, spec: model_pb2.ModelSpec) -> json_tensors.Inputs:
    name = spec.signature_name or DEFAULT_SIGNATURE
    with core.models.lease(spec) as servable:
        if name not in servable.session.signatures:
            raise invalid_argument(f'Serving signature name: "{name}" not found in signature def')
        inputs = dict(servable.session.signatures[name].inputs)
    if not inputs:
        raise invalid_argument(f"Failed to get input map for signature: {spec.signature_name or 'DEFAULT'}")
    return inputs


def _model_spec(request: re.Match) -> model_pb2.ModelSpec:
    spec = model_pb2.ModelSpec(name=urllib.parse.unquote(request["name"] or ""))
    if request["version"]:
        if int(request["version"]) >= 2**63:
            raise invalid_argument(f"Failed to convert version: {request['version']} to numeric.")
        spec.version.value = int(request["version"])
    elif request["label"]:
        spec.version_label = urllib.parse.unquote(request["label"])
    return spec
