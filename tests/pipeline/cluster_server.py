"""An HTTP server that speaks the calls of Kubeflow Pipelines and of Vertex AI that sending a run takes."""

import contextlib
import dataclasses
import http.server
import json
import threading
import urllib.parse

STATES = {
    "kubeflow": ["PENDING", "RUNNING", "RUNNING"],
    "vertex": ["PIPELINE_STATE_PENDING", "PIPELINE_STATE_RUNNING", "PIPELINE_STATE_RUNNING"],
}


@dataclasses.dataclass
class ClusterServer:
    """What the server was asked, and how its runs end.

    Attributes:
      address: of the server.
      last_state: in which a run ends.
      refusal: status with which every creation of a run is answered; None: none is refused.
      requests: method, path, query, headers and body of each request.
    """

    address: str = ""
    last_state: str = ""
    refusal: int | None = None
    requests: list = dataclasses.field(default_factory=list)
    looks: int = 0

    def answer(self, method, path, query, body):
        """Status and body for a request."""
        known = {
            ("GET", "/apis/v2beta1/healthz"): {"multi_user": False},
            ("GET", "/apis/v2beta1/experiments"): {},
            ("POST", "/apis/v2beta1/experiments"): {"experiment_id": "e1", **body},
        }
        if (method, path) in known:
            return 200, known[method, path]
        if method == "POST" and self.refusal:
            return self.refusal, {"error": {"code": self.refusal, "message": "not allowed here"}}
        if (method, path) == ("POST", "/apis/v2beta1/runs"):
            return 200, {"run_id": "r1", **body}
        if (method, path) == ("GET", "/apis/v2beta1/runs/r1"):
            return 200, {"run_id": "r1", "state": self._state("kubeflow")}
        if method == "POST" and path.endswith("/pipelineJobs"):
            return 200, {**body, "name": f"{path.removeprefix('/v1/')}/{query['pipelineJobId'][0]}"}
        if method == "GET" and "/pipelineJobs/" in path:
            return 200, {"name": path.removeprefix("/v1/"), "state": self._state("vertex")}
        return 404, {"error": {"code": 404, "message": f"{method} {path} is not known"}}

    def created(self):
        """Query, headers and body of the one request that created a run."""
        [created] = [
            request[2:]
            for request in self.requests
            if request[0] == "POST" and request[1].endswith(("/runs", "/pipelineJobs"))
        ]
        return created

    def _state(self, target):
        self.looks += 1
        states = STATES[target]
        return states[self.looks - 1] if self.looks <= len(states) else self.last_state


@contextlib.contextmanager
def serving(last_state="", refusal=None):
    """A server that runs within the block."""
    cluster = ClusterServer(last_state=last_state, refusal=refusal)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self._answer("GET")

        def do_POST(self):
            self._answer("POST")

        def log_message(self, *arguments):
            pass

        def _answer(self, method):
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            is_json = "json" in self.headers.get("Content-Type", "")
            body = json.loads(content) if content and is_json else {}
            url = urllib.parse.urlsplit(self.path)
            query = urllib.parse.parse_qs(url.query)
            headers = {name.lower(): value for name, value in self.headers.items()}
            cluster.requests.append((method, url.path, query, headers, body))
            status, answer = cluster.answer(method, url.path, query, body)
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    server = http.server.ThreadingHTTPServer(("localhost", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    cluster.address = f"http://localhost:{server.server_address[1]}"
    try:
        yield cluster
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
