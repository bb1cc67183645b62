"""What the page is told of an answer, of a fault, and which requests it refuses."""

import json

import grpc
import numpy as np
import pytest

from serving.client import Candidate, Translation
from serving.client.errors import of_rpc
from serving.client.predictor import ModelAddress
from serving.demo.answer import MOST_CELLS, describe_answer, describe_attention
from serving.demo.faults import explain
from serving.demo.line import LONGEST_LINE, Line, LineError


def ends(text, *tokens):
    candidate = Candidate(text, -1.0, -1.0, tokens, alignment=np.zeros((len(tokens), 1), np.float32))
    [described] = describe_answer(Translation(text, (candidate,), ("</s>",)))["candidates"]
    return [token["end"] for token in described["tokens"]]


def test_every_token_has_its_end_in_the_text():
    assert ends("ab c", "a", "b", " ", "c", "</s>") == [1, 2, 3, 4, None]  # characters
    assert ends("ab cd ab", "ab", "cd", "ab", "</s>") == [2, 5, 8, None]  # between spaces
    assert ends("ab, (cd)", "ab", "￭,", "(￭", "cd", "￭)", "</s>") == [2, 3, 5, 7, 8, None]  # words
    assert ends("ab, (cd) a▁", "▁a", "b", ",", "▁(", "cd", ")", "▁a", " ", "</s>") == [
        1,
        2,
        3,
        5,
        7,
        8,
        10,
        11,
        None,
    ]  # pieces
    assert ends("日🙂e\u0301", "日", "🙂", "e", "\u0301", "</s>") == [1, 2, 3, 4, None]  # code points, not bytes


def test_a_token_that_is_not_in_the_text_has_no_end():
    assert ends("a\ufffdb", "a", "<unk>", "\ufffd", "b", "</s>") == [1, None, 2, 3, None]
    assert ends("", "</s>") == [None]


def test_places_that_no_hypothesis_fills_are_left_out():
    none = Candidate("", -1e9, -1e9, (), alignment=np.zeros((0, 1), np.float32))
    best = Candidate("", -1.0, -1.0, ("</s>",), alignment=np.ones((1, 1), np.float32))
    described = describe_answer(Translation("", (best, none, none), ("</s>",)))
    assert [candidate["score"] for candidate in described["candidates"]] == [-1.0]
    json.dumps(described, allow_nan=False)


def test_attention_in_percent():
    described = describe_attention(np.array([[0.004, 0.996], [0.5, 0.5]], np.float32))
    assert described == {"kind": "weights", "percent": [[0, 100], [50, 50]]}
    assert describe_attention(np.zeros((2, 3), np.float32)) == {"kind": "none"}
    assert describe_attention(np.ones((1, MOST_CELLS), np.float32))["kind"] == "weights"
    assert describe_attention(np.ones((1, MOST_CELLS + 1), np.float32)) == {"kind": "too_large"}


class Failed(grpc.RpcError):
    def __init__(self, code):
        self._code = code

    def code(self):
        return self._code

    def details(self):
        return "the server's words"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("UNAVAILABLE", "cannot be reached"),
        ("RESOURCE_EXHAUSTED", "too much to do"),
        ("NOT_FOUND", "does not serve a model dates"),
        ("UNAUTHENTICATED", "credentials"),
        ("DEADLINE_EXCEEDED", "took too long"),
        ("INVALID_ARGUMENT", "dates cannot do this"),
        ("INTERNAL", "host:8500 failed"),
    ],
)
def test_a_fault_says_what_happened_and_keeps_the_servers_words(code, told):
    fault = explain(of_rpc(Failed(grpc.StatusCode[code])), "host:8500", ModelAddress("dates"))
    assert told in fault.message
    assert fault.detail == f"{code}: the server's words"


def test_lines_of_any_text_are_taken():
    for text in ("a", " \t x", "\u202e\u0645", "🙂" * LONGEST_LINE, "\ud800"):
        assert Line.parse(json.dumps({"text": text}).encode()) == Line(text, "")
    assert Line.parse('{"text": "é", "prefix": "日"}'.encode()) == Line("é", "日")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b"[]", "not an object"),
        (b'{"text": "a", "other": 1}', "not an object"),
        (b"{}", "text is NoneType, wanted a string"),
        (b'{"text": "a", "prefix": 1}', "prefix is int, wanted a string"),
        (b'{"text": " \\n "}', "The line is empty."),
        (json.dumps({"text": "x" * (LONGEST_LINE + 1)}).encode(), "text has 2,001 characters: 2,000 are the most."),
        (json.dumps({"text": "x", "prefix": "x" * 3000}).encode(), "prefix has 3,000 characters"),
    ],
)
def test_what_cannot_be_translated_is_named(body, told):
    with pytest.raises(LineError, match=told):
        Line.parse(body)
