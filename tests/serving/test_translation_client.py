"""The translation client against a real gRPC server."""

import grpc
import numpy as np
import pytest
import tensorflow as tf

from serving import contract
from serving.client import Batching, ClientError, Connection, TranslationClient
from serving.client.batches import length_batches
from serving.client.errors import NotFoundError, RequestError, UnavailableError
from serving.client.predictor import ModelAddress
from serving.client.translation import DETAILS
from serving.step import StepDecoder

TEXTS = ["hello", "", "日本ا🙂", "a longer line of text", "b" * 300, "tab\there", "z", b"\xff\xfe"]


@pytest.fixture(scope="module")
def client(address):
    with TranslationClient(address, "translator") as client:
        yield client


@pytest.fixture(scope="module")
def signatures(models):
    return tf.saved_model.load(str(models / "translator" / "1")).signatures


def as_bytes(text):
    return text.encode("utf-8") if isinstance(text, str) else text


def test_answers_are_those_of_the_model_and_in_the_order_of_the_texts(client, signatures):
    answers = client.translate(TEXTS, DETAILS)
    for text, answer in zip(TEXTS, answers, strict=True):
        expected = signatures[contract.SERVING_DEFAULT](text=tf.constant([as_bytes(text)]))
        expected = {name: value.numpy() for name, value in expected.items()}
        [candidate] = answer.candidates
        assert answer.text == candidate.text == expected[contract.TRANSLATION][0].decode()
        assert [token.encode() for token in answer.source_tokens] == expected[contract.SOURCE_TOKENS][0].tolist()
        tokens = [token for token in expected[contract.TOKENS][0, 0] if token]
        assert [token.encode() for token in candidate.tokens] == tokens
        assert candidate.score == pytest.approx(expected[contract.SCORES][0, 0], abs=1e-4)
        assert candidate.log_prob == pytest.approx(expected[contract.LOG_PROBS][0, 0], rel=1e-4)
        # A batch of another shape is summed in another order, and each step carries on what the ones before differ by.
        np.testing.assert_allclose(
            candidate.token_log_probs, expected[contract.TOKEN_LOG_PROBS][0, 0, : len(tokens)], atol=5e-4
        )
        assert candidate.alignment.shape == (len(tokens), len(answer.source_tokens))
        np.testing.assert_allclose(candidate.alignment.sum(axis=1), 1, rtol=1e-4)


def test_what_was_not_asked_for_is_not_there(client):
    [answer] = client.translate(["hello"])
    assert answer.candidates == ()
    assert answer.source_tokens is None
    [answer] = client.translate(["hello"], [contract.ALIGNMENT])
    [candidate] = answer.candidates
    assert (candidate.text, candidate.score, candidate.tokens, answer.source_tokens) == (None, None, None, None)
    assert candidate.alignment.shape[1] == len("hello") + 1
    with pytest.raises(ValueError, match=r"'colour' is no detail.*scores"):
        client.translate(["hello"], ["colour"])


def test_no_text_needs_no_server():
    with TranslationClient("localhost:1") as client:
        assert client.translate([]) == []


def test_batches_hold_texts_of_like_length_within_both_limits():
    texts = [b"x" * size for size in (5, 1, 900, 3, 2, 4, 2000)]
    batches = list(length_batches(texts, most_texts=3, most_bytes=1000))
    assert [[len(texts[index]) for index in batch] for batch in batches] == [[1, 2, 3], [4, 5, 900], [2000]]


def test_the_same_answers_however_the_texts_are_cut_into_requests(address, client):
    whole = [answer.text for answer in client.translate(TEXTS)]
    for limits in (Batching(most_texts=1), Batching(most_texts=2, in_flight=1), Batching(most_bytes=20)):
        with TranslationClient(address, "translator", limits) as other:
            assert [answer.text for answer in other.translate(TEXTS)] == whole


def test_looping_over_steps_gives_what_the_graph_gives(client):
    answers = client.translate(TEXTS, [contract.TOKENS, contract.TOKEN_LOG_PROBS, contract.LOG_PROBS])
    decoded = StepDecoder(client.predictor).decode(TEXTS)
    for answer, own in zip(answers, decoded, strict=True):
        [candidate] = answer.candidates
        assert own.text == answer.text
        assert len(own.hypotheses[0].ids) == len(candidate.tokens)
        np.testing.assert_allclose(own.hypotheses[0].token_log_probs, candidate.token_log_probs, atol=1e-4)
        assert own.hypotheses[0].log_prob == pytest.approx(candidate.log_prob, rel=1e-4)
    # Some texts have to be ended at the model's limit, which is two tokens more than the source has, others end before.
    written = [len(own.hypotheses[0].ids) - 1 for own in decoded]
    limits = [len(answer.source_tokens) + 2 for answer in client.translate(TEXTS, [contract.SOURCE_TOKENS])]
    assert any(one == limit for one, limit in zip(written, limits, strict=True))
    assert any(one < limit for one, limit in zip(written, limits, strict=True))


@pytest.mark.parametrize(
    ("model", "kind", "message"),
    [
        ("absent", NotFoundError, "NOT_FOUND: Servable not found for request: Latest(absent)"),
        (
            ModelAddress("translator", version=7),
            NotFoundError,
            "NOT_FOUND: Servable not found for request: Specific(translator, 7)",
        ),
        (
            ModelAddress("translator", label="stable"),
            RequestError,
            "INVALID_ARGUMENT: Unrecognized servable version label: stable",
        ),
        ("numbers", RequestError, "INVALID_ARGUMENT: input size does not match signature"),
    ],
)
def test_errors_carry_the_servers_code_and_message(address, model, kind, message):
    with TranslationClient(address, model) as client, pytest.raises(kind) as raised:
        client.translate(["hello"])
    assert str(raised.value).startswith(message)
    assert isinstance(raised.value, ClientError)
    assert f"{raised.value.code.name}: {raised.value.message}" == str(raised.value)


def test_no_server(unused_port):
    with TranslationClient(Connection(f"localhost:{unused_port}", deadline_seconds=1)) as client:
        with pytest.raises(UnavailableError) as raised:
            client.translate(["hello"])
        assert raised.value.code is grpc.StatusCode.UNAVAILABLE
        with pytest.raises(UnavailableError, match=r"no server answered at localhost:\d+ within 0.1 s"):
            client.predictor.wait_until_reachable(0.1)
