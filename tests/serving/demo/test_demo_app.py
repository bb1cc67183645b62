"""The demo's web server, over HTTP, in front of real model servers."""

import json

import httpx
import pytest

from serving import contract
from serving.client import TranslationClient
from serving.client.translation import DETAILS
from serving.demo.line import MOST_BYTES
from serving.step import StepDecoder
from tests.serving.demo.servers import page_of


def translate(url, text, prefix=""):
    response = httpx.post(f"{url}translate", json={"text": text, "prefix": prefix}, timeout=60)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


def test_greedy_tokens_then_all_that_the_model_says(attentive_page, toy_address):
    *tokens, answer = translate(attentive_page, "bad é")
    with TranslationClient(toy_address, "attentive") as client:
        [greedy] = StepDecoder(client.predictor).decode(["bad é"])
        [expected] = client.translate(["bad é"], DETAILS)
    assert [event["event"] for event in tokens] == ["token"] * len(tokens)
    assert tuple(event["text"] for event in tokens) == greedy.hypotheses[0].tokens
    assert answer["event"] == "answer"
    assert tuple(answer["source_tokens"]) == expected.source_tokens
    assert len(answer["candidates"]) == len(expected.candidates) == 3
    for described, candidate in zip(answer["candidates"], expected.candidates, strict=True):
        assert described["text"] == candidate.text
        assert described["score"] == pytest.approx(candidate.score)
        assert described["log_prob"] == pytest.approx(candidate.log_prob)
        assert tuple(token["text"] for token in described["tokens"]) == candidate.tokens
        assert (abs(candidate.alignment * 100 - described["attention"]["percent"]) <= 0.5).all()


def test_a_start_is_completed(attentive_page):
    [answer] = translate(attentive_page, "bad", "z y")
    assert answer["event"] == "answer"
    for candidate in answer["candidates"]:
        assert [token["text"] for token in candidate["tokens"]][:2] == ["z", "y"]
        assert [token["end"] for token in candidate["tokens"]][:2] == [1, 3]
        assert candidate["text"].startswith("z y")


def test_a_model_without_attention(plain_page):
    *_, answer = translate(plain_page, "bad")
    assert [candidate["attention"] for candidate in answer["candidates"]] == [{"kind": "none"}]


def test_a_model_that_cannot_be_stepped_or_completed(toy_address, address):
    with page_of(address, "numbers") as url:
        [fault] = translate(url, "bad")
        assert fault["event"] == "fault"
        assert fault["message"] == "The model numbers cannot do this."
        assert fault["detail"].startswith("INVALID_ARGUMENT: ")
    with page_of(address, "translator") as url:
        *_, answer = translate(url, "abc")
        assert answer["event"] == "answer"
        [fault] = translate(url, "abc", "d")
        assert fault["event"] == "fault"
        assert contract.COMPLETE in fault["detail"]


def test_no_model_server_and_no_such_model(toy_address, unused_port):
    with page_of(f"localhost:{unused_port}", "attentive") as url:
        [fault] = translate(url, "bad")
        assert fault["event"] == "fault"
        assert f"The model server at localhost:{unused_port} cannot be reached" in fault["message"]
        assert fault["detail"].startswith("UNAVAILABLE: ")
    with page_of(toy_address, "absent") as url:
        [fault] = translate(url, "bad")
        assert fault["message"] == f"The model server at {toy_address} does not serve a model absent."


def test_requests_that_cannot_be_used(attentive_page):
    refused = httpx.post(f"{attentive_page}translate", json={"text": ""})
    assert (refused.status_code, refused.json()) == (400, {"message": "The line is empty."})
    large = httpx.post(f"{attentive_page}translate", content=b" " * (MOST_BYTES + 1))
    assert (large.status_code, large.json()) == (413, {"message": "The request has more than 65,536 bytes."})
    assert httpx.get(f"{attentive_page}translate").status_code == 405
    assert httpx.get(f"{attentive_page}static/../app.py").status_code == 404
    assert httpx.get(f"{attentive_page}static/%2e%2e/app.py").status_code == 404


def test_headers_keep_others_out(attentive_page):
    for path in ("", "static/demo.js", "static/colours.css", "static/demo.css", "absent"):
        headers = httpx.get(attentive_page + path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_names_are_text_in_the_page(toy_address):
    with page_of(toy_address, "<script>alert(1)</script>") as url:
        page = httpx.get(url).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize(("prefix", "signature"), [("", contract.ENCODE), ("z", contract.COMPLETE)])
def test_hanging_up_cancels_the_call_of_the_model(hanging, prefix, signature):
    request = {"text": "bad", "prefix": prefix}
    with httpx.stream("POST", f"{hanging.page}translate", json=request, timeout=60) as response:
        assert response.status_code == 200
        assert hanging.called.get(timeout=30) == signature
        assert hanging.cancelled.empty()
    assert hanging.cancelled.get(timeout=10) == signature
    assert hanging.called.empty()
