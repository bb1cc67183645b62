"""The REST API, case by case, as TensorFlow Serving answers it."""

import base64
import http.client
import json
import urllib.error
import urllib.request

import pytest


def call(served, path, body=None, method=None, headers=()):
    """Status and document of a request's answer."""
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{served.rest}{path}", data, dict(headers), method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        content = error.read()
        return error.code, json.loads(content) if content.startswith(b"{") else content


def predict(served, body, model="numbers"):
    return call(served, f"/v1/models/{model}:predict", body)


def test_rows(served):
    status, answer = predict(served, {"instances": [{"x": 1, "y": 2}, {"x": 0.5, "y": -4}]})
    assert status == 200
    assert answer == {"predictions": [{"product": 2.0, "sum": 3.0}, {"product": -2.0, "sum": -3.5}]}


def test_columns(served):
    status, answer = predict(served, {"inputs": {"x": [1, 2], "y": [3, 4]}})
    assert (status, answer) == (200, {"outputs": {"product": [3.0, 8.0], "sum": [4.0, 6.0]}})


@pytest.mark.parametrize("path", ["/versions/3", "/VERSIONS/3"])
def test_a_specific_version_in_any_case_of_letters(served, path):
    assert (
        call(
            served,
            f"/V1/Models/numbers{path}:PREDICT".replace("Models/numbers", "models/numbers"),
            {"inputs": {"x": [1], "y": [3]}},
        )[0]
        == 200
    )


def test_text_and_bytes(served):
    encoded = base64.b64encode(b"\xff\x00").decode()
    body = {"signature_name": "sizes", "instances": ["日本", {"b64": encoded}, ""]}
    status, answer = predict(served, body)
    assert status == 200
    assert answer["predictions"] == [
        {"length": 6, "text_bytes": {"b64": base64.b64encode("日本".encode()).decode()}},
        {"length": 2, "text_bytes": {"b64": encoded}},
        {"length": 0, "text_bytes": {"b64": ""}},
    ]


def test_a_single_output_stands_without_its_name(served):
    body = {"signature_name": "regress", "examples": [{"x": 1.5}, {"x": [2.0]}]}
    assert call(served, "/v1/models/numbers:regress", body) == (200, {"results": [1.5, 2.0]})
    tokens = {"signature_name": "detokenize", "instances": [[4, 5, 3]]}
    status, answer = predict(served, tokens, "translator")
    assert (status, answer["predictions"][0]["text"]) == (200, "ab")


def test_classify(served):
    body = {"signature_name": "classify", "context": {"x": 7.0}, "examples": [{}, {"y": 1}]}
    assert call(served, "/v1/models/numbers:classify", body) == (
        200,
        {"results": [[["low", -7.0], ["high", 7.0]], [["low", -7.0], ["high", 7.0]]]},
    )


def test_figures_keep_their_digits(served):
    values = [0.1, 1e-7, 9000000.0, 16777217.0, 1 / 3]
    _, answer = predict(served, {"inputs": {"x": values, "y": [0.0] * 5}})
    assert answer["outputs"]["sum"] == [0.1, 1e-7, 9000000.0, 16777216.0, 0.333333343]
    address = f"http://{served.rest}/v1/models/numbers:predict"
    raw = urllib.request.urlopen(address, b'{"inputs": {"x": [NaN, 1, -1], "y": [1, Infinity, -Infinity]}}').read()
    assert b"NaN" in raw
    assert b"-Infinity" in raw


def test_status_and_metadata(served):
    status, answer = call(served, "/v1/models/numbers")
    expected = {"version": "3", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert (status, answer) == (200, {"model_version_status": [expected]})
    status, answer = call(served, "/v1/models/numbers/versions/3/metadata")
    assert status == 200
    assert answer["model_spec"] == {"name": "numbers", "signature_name": "", "version": "3"}
    signature = answer["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["method_name"] == "tensorflow/serving/predict"
    assert signature["inputs"]["x"]["dtype"] == "DT_FLOAT"
    assert signature["inputs"]["x"]["tensor_shape"] == {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}


ROW = {"x": 1, "y": 2}
REFUSALS = [
    ("numbers", b"", 400, "JSON Parse error: The document is empty"),
    ("numbers", b"{", 400, "JSON Parse error: "),
    ("numbers", b"[" * 100_000, 400, "JSON Parse error: "),
    ("numbers", b"\xff", 400, "JSON Parse error: "),
    ("numbers", [1], 400, "Is not object"),
    ("numbers", {}, 400, "Missing 'inputs' or 'instances' key"),
    ("numbers", {"signature_name": 1, "instances": [ROW]}, 400, "'signature_name' key must be a string value."),
    (
        *("numbers", {"signature_name": "X", "instances": [ROW]}, 400),
        'Serving signature name: "X" not found in signature def',
    ),
    ("numbers", {"instances": [ROW], "inputs": {}}, 400, "expecting only one of 'inputs' or 'instances' keys to exist"),
    ("numbers", {"instances": ROW}, 400, "Expecting 'instances' to be an list/array"),
    ("numbers", {"instances": []}, 400, "No values in 'instances' array"),
    ("numbers", {"instances": [1, 2]}, 400, "instances is a plain list, but expecting list of objects"),
    ("numbers", {"instances": [ROW, 3]}, 400, "Expecting object but got list at item 1 of input list"),
    ("numbers", {"instances": [{"x": 1}]}, 400, "keys must be equal to: x,y"),
    (
        *("numbers", {"instances": [ROW, {"x": [1], "y": 2}]}, 400),
        (
            "Failed to process element: 1 key: x of 'instances' list. Error: INVALID_ARGUMENT: Expecting shape [] but"
            " got: [1]"
        ),
    ),
    ("numbers", {"instances": [{**ROW, "z": 1}]}, 400, "JSON object: does not have named input: z"),
    (
        *("numbers", {"inputs": {"x": ["a"], "y": [1]}}, 400),
        'JSON Value: "a" Type: String is not of expected type: float',
    ),
    ("numbers", {"inputs": {"x": [True], "y": [1]}}, 400, "Type: True is not of expected type: float"),
    ("numbers", {"inputs": {"x": [1]}}, 400, "Missing named input: y in 'inputs' object."),
    ("numbers", {"inputs": [1]}, 400, "inputs is a plain value/list, but expecting an object"),
    ("numbers", {"inputs": {"x": [[1, 2], [3]], "y": [1]}}, 400, "Encountered list at unexpected size: 1 at level: 1"),
    ("numbers", {"inputs": {"x": [[1], 2], "y": [1]}}, 400, "found at incorrect level: 2"),
    ("numbers", {"signature_name": "sizes", "inputs": [{"b64": "?"}]}, 400, "Unable to base64 decode"),
    ("numbers", {"signature_name": "sizes", "inputs": [{"a": 1}]}, 400, "not formatted correctly for base64 data"),
    ("absent", {"instances": [1]}, 404, "Servable not found for request: Latest(absent)"),
    ("numbers/versions/7", {"instances": [1]}, 404, "Servable not found for request: Specific(numbers, 7)"),
    ("numbers/labels/L", {"instances": [1]}, 400, "Unrecognized servable version label: L"),
    ("numbers/versions/99999999999999999999", {}, 400, "Failed to convert version: 99999999999999999999 to numeric."),
]


@pytest.mark.parametrize(("model", "body", "status", "message"), REFUSALS)
def test_refusals(served, model, body, status, message):
    found, answer = predict(served, body, model)
    assert found == status
    assert message in answer["error"]


@pytest.mark.parametrize(
    ("path", "method", "status", "message"),
    [
        ("/v1/models/numbers:guess", "POST", 400, "Malformed request: POST /v1/models/numbers:guess"),
        ("/v1/models/numbers:predict", "GET", 400, "Malformed request: GET /v1/models/numbers:predict"),
        ("/v1/models", "GET", 400, "Missing model name in request."),
        ("/v1/models/absent", "GET", 404, "Could not find any versions of model absent"),
        ("/v1/models/absent/metadata", "GET", 404, "Servable not found for request: Latest(absent)"),
        ("/v1/models/a%20b", "GET", 404, "Could not find any versions of model a b"),
    ],
)
def test_paths_that_are_refused(served, path, method, status, message):
    found, answer = call(served, path, b"{}" if method == "POST" else None, method)
    assert (found, answer["error"]) == (status, message)


def test_a_path_outside_of_the_api(served):
    assert call(served, "/v2/models")[0] == 404


@pytest.mark.parametrize(
    ("method", "body", "message"),
    [
        ("classify", {"examples": 1}, "Expecting 'examples' value to be an list/array"),
        ("classify", {"examples": []}, "'examples' value is an empty array"),
        ("classify", {}, "key 'examples' is expected and was not found"),
        ("regress", {"examples": [1]}, "Example must be JSON object but got JSON Number"),
        ("regress", {"examples": [{"x": [1.5, "a"]}]}, "Unexpected element type in feature: x expecting type: float"),
        ("regress", {"examples": [{"x": None}]}, "Feature: x has element with unexpected JSON type: Null"),
        ("regress", {"examples": [{"x": 2**63}]}, "Feature: x has uint64_t element. Only int64_t is supported."),
    ],
)
def test_examples_that_are_refused(served, method, body, message):
    status, answer = call(served, f"/v1/models/numbers:{method}", {"signature_name": method, **body})
    assert status == 400
    assert message in answer["error"]


def test_one_connection_carries_many_requests_and_bodies_in_chunks(served):
    connection = http.client.HTTPConnection(served.rest, timeout=30)
    for _ in range(3):
        body = [b'{"inputs": {"x": [1],', b' "y": [2]}}']
        connection.request(
            "POST",
            "/v1/models/numbers:predict",
            iter(body),
            encode_chunked=True,
            headers={"Transfer-Encoding": "chunked"},
        )
        response = connection.getresponse()
        assert response.getheader("Content-Type") == "application/json"
        assert json.loads(response.read())["outputs"]["sum"] == [3.0]
    connection.close()


def test_metrics(served):
    predict(served, {"inputs": {"x": [1], "y": [3]}})
    predict(served, {})
    with urllib.request.urlopen(f"http://{served.rest}/monitoring/prometheus/metrics") as response:
        assert response.getheader("Content-Type").startswith("text/plain")
        lines = response.read().decode().splitlines()
    assert "# TYPE :tensorflow:serving:request_count counter" in lines
    counts = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert int(counts[':tensorflow:serving:request_count{model_name="numbers",status="OK"}']) >= 1
    assert int(counts[':tensorflow:serving:request_count{model_name="numbers",status="INVALID_ARGUMENT"}']) >= 1
    labels = 'model_name="numbers",API="predict",entrypoint="REST"'
    total = int(counts[f":tensorflow:serving:request_latency_count{{{labels}}}"])
    buckets = [int(count) for name, count in counts.items() if f"request_latency_bucket{{{labels},le=" in name]
    assert len(buckets) == 34
    assert buckets == sorted(buckets)
    assert buckets[-1] == total >= 1
