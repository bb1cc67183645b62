"""What clients do when calls fail, in threads and under asyncio."""

import asyncio
import itertools
import time
from concurrent import futures

import grpc
import pytest

from serving.client import (
    AsyncTranslationClient,
    Batching,
    ClientError,
    Connection,
    ModelAddress,
    Retry,
    TranslationClient,
)
from serving.client.errors import (
    AccessError,
    DeadlineError,
    NotFoundError,
    RequestError,
    ServerError,
    UnavailableError,
)
from tests.serving.flaky_server import FlakyServer

Code = grpc.StatusCode
QUICK = Retry(attempts=4, first_seconds=0.01, most_seconds=0.02)


def finished(coroutine):
    """What a coroutine returns, in an event loop and a thread of its own: tools of other tests may run a loop here."""
    with futures.ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, coroutine).result()


def synchronous(connection, texts, **options):
    with TranslationClient(connection, **options) as client:
        return [answer.text for answer in client.translate(texts)]


def asynchronous(connection, texts, **options):
    async def run():
        async with AsyncTranslationClient(connection, **options) as client:
            return [answer.text for answer in await client.translate(texts)]

    return finished(run())


both = pytest.mark.parametrize("translate", [synchronous, asynchronous])


@both
def test_what_may_pass_is_tried_again(translate):
    server = FlakyServer([Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED, Code.UNAVAILABLE])
    with server.running() as address:
        assert translate(Connection(address, retry=QUICK), ["hello"]) == ["hello"]
    assert len(server.calls) == 4


@both
def test_tries_come_to_an_end(translate):
    server = FlakyServer([Code.UNAVAILABLE] * 9)
    with server.running() as address, pytest.raises(UnavailableError, match="UNAVAILABLE: scripted") as raised:
        translate(Connection(address, retry=QUICK), ["hello"])
    assert len(server.calls) == 4
    assert raised.value.code is Code.UNAVAILABLE
    assert raised.value.message == "scripted"


@both
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (Code.INVALID_ARGUMENT, RequestError),
        (Code.FAILED_PRECONDITION, RequestError),
        (Code.UNIMPLEMENTED, RequestError),
        (Code.NOT_FOUND, NotFoundError),
        (Code.PERMISSION_DENIED, AccessError),
        (Code.UNAUTHENTICATED, AccessError),
        (Code.DEADLINE_EXCEEDED, DeadlineError),
        (Code.INTERNAL, ServerError),
        (Code.ABORTED, ServerError),
    ],
)
def test_all_else_fails_at_once(translate, code, kind):
    server = FlakyServer([code])
    with server.running() as address, pytest.raises(kind, match=f"^{code.name}: scripted$") as raised:
        translate(Connection(address, retry=QUICK), ["hello"])
    assert len(server.calls) == 1
    assert isinstance(raised.value, ClientError)


@both
def test_the_deadline_holds_for_all_tries_together(translate):
    server = FlakyServer([0.2, Code.UNAVAILABLE, 5.0])
    with server.running() as address:
        # gRPC rounds what is left of a deadline up, to one millisecond more at the most.
        connection = Connection(address, deadline_seconds=0.599, retry=Retry(attempts=9, first_seconds=0.2))
        assert translate(connection, ["hello"]) == ["hello"]
        start = time.monotonic()
        with pytest.raises(DeadlineError):
            translate(connection, ["hello"])
        assert time.monotonic() - start < 2
    assert all(remaining <= 0.6 for remaining in server.deadlines)
    assert server.deadlines[2] < server.deadlines[1] - 0.05, "the second try has what the first has left"


@both
def test_an_answer_without_what_was_asked_for(translate):
    server = FlakyServer(["empty"])
    with server.running() as address, pytest.raises(ServerError, match="the response lacks output 'translation'"):
        translate(address, ["hello"])


@both
def test_what_is_sent(translate):
    server = FlakyServer()
    with server.running() as address:
        connection = Connection(address, metadata=(("x-key", "value"),))
        translate(connection, ["hello", b"\xff", "\ud800"], model=ModelAddress("m", label="stable"))
    [request] = server.calls
    assert (request.model_spec.name, request.model_spec.version_label) == ("m", "stable")
    assert request.model_spec.signature_name == "serving_default"
    assert request.output_filter == ["translation"]
    assert sorted(request.inputs["text"].string_val) == sorted([b"hello", b"\xff", "\ufffd".encode()])
    assert server.metadata[0]["x-key"] == "value"


@both
def test_many_texts_in_the_order_that_they_came_in(translate):
    texts = [f"{'x' * (number * 7919 % 100)}{number}" for number in range(1000)]
    server = FlakyServer([0.05, 0.0, 0.03])
    with server.running() as address:
        assert translate(address, texts, batching=Batching(most_texts=10, in_flight=8)) == texts
    assert len(server.calls) == 100
    for request in server.calls:
        lengths = [len(text) for text in request.inputs["text"].string_val]
        assert max(lengths) - min(lengths) <= 3, "texts of like length go together"


def test_a_stream_is_read_no_further_than_it_is_used():
    taken = itertools.count()
    texts = (f"text {next(taken)}" for _ in range(10**9))
    with FlakyServer().running() as address, TranslationClient(address, batching=Batching(window=20)) as client:
        answers = client.translate_stream(texts)
        assert [next(answers).text for _ in range(30)] == [f"text {number}" for number in range(30)]
        assert next(taken) == 40


def test_an_asynchronous_stream():
    async def texts():
        for number in range(45):
            await asyncio.sleep(0)
            yield f"text {number}"

    async def run(address):
        async with AsyncTranslationClient(address, batching=Batching(window=20)) as client:
            own = [answer.text async for answer in client.translate_stream(texts())]
            plain = [answer.text async for answer in client.translate_stream(["a", "b"])]
            return own, plain

    with FlakyServer().running() as address:
        assert finished(run(address)) == ([f"text {number}" for number in range(45)], ["a", "b"])


def test_cancelling_a_task_leaves_the_client_usable():
    async def run(address):
        async with AsyncTranslationClient(address) as client:
            task = asyncio.create_task(client.translate(["slow"]))
            await asyncio.sleep(0.2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return [answer.text for answer in await client.translate(["hello"])]

    with FlakyServer([2.0]).running() as address:
        assert finished(run(address)) == ["hello"]


@pytest.mark.parametrize(
    "make",
    [lambda: ModelAddress("m", version=1, label="stable"), lambda: Batching(most_texts=0), lambda: Batching(window=0)],
)
def test_settings_that_are_refused(make):
    with pytest.raises(ValueError):
        make()
