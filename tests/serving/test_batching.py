"""Server-side batching: requests merged into one run, and what that asks of their shapes."""

import threading
import time

import numpy as np
import pytest

from serving.server.batching import BatchingSession, BatchScheduler
from serving.server.batching_options import BatchingOptions
from serving.server.errors import ServingError
from serving.server.metrics import Metrics
from serving.server.saved_model import SavedModelSession
from serving.server.text_protos import BatchingParameters


class Recorder:
    """A session that keeps what it was fed, and doubles `x`."""

    signatures = {}

    def __init__(self):
        self.fed = []
        self.release = threading.Event()
        self.release.set()
        self.started = threading.Semaphore(0)

    def run(self, feeds, fetches, timeout_ms):
        self.fed.append({name: value.copy() for name, value in feeds.items()})
        self.started.release()
        assert self.release.wait(20)
        if np.any(feeds["x"] < 0):
            raise ServingError(None, "negative")
        values = {"double": feeds["x"] * 2, "scalar": np.float32(1), "short": feeds["x"][:-1]}
        return [values[name] for name in fetches]

    def close(self):
        pass


@pytest.fixture
def batched(request):
    """Sessions with batching around a Recorder; made by options."""
    schedulers = []

    def make(inner=None, metrics=None, **options):
        options = BatchingOptions(**{"num_batch_threads": 1, "max_batch_size": 4, **options})
        inner, metrics = inner or Recorder(), metrics or Metrics()
        scheduler = BatchScheduler(options.num_batch_threads, "pool", metrics)
        schedulers.append(scheduler)
        return inner, BatchingSession(inner, options, scheduler)

    yield make
    for scheduler in schedulers:
        scheduler.close()


def together(session, feeds, fetches=("double",), timeout_ms=0):
    """Runs all feeds at the same time, in their order; results or errors."""
    results = [None] * len(feeds)

    def run(place):
        try:
            results[place] = session.run(feeds[place], fetches, timeout_ms)[0]
        except ServingError as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(feeds))]
    for thread in threads:
        thread.start()
        time.sleep(0.02)
    for thread in threads:
        thread.join()
    return results


def x(*rows):
    return {"x": np.array(rows, np.float32)}


SLOW = 200_000  # microseconds to wait for company


def test_requests_share_a_run_and_get_their_own_rows(batched):
    inner, session = batched(batch_timeout_micros=SLOW)
    results = together(session, [x(1, 2), x(3), x(4)])
    assert [result.tolist() for result in results] == [[2, 4], [6], [8]]
    assert [fed["x"].tolist() for fed in inner.fed] == [[1, 2, 3, 4]]


def test_a_batch_that_is_not_full_runs_when_it_has_waited_enough(batched):
    inner, session = batched(batch_timeout_micros=SLOW)
    start = time.monotonic()
    assert together(session, [x(1)])[0].tolist() == [2]
    assert time.monotonic() - start >= 0.19
    assert len(inner.fed) == 1


def test_requests_are_not_split_without_leave(batched):
    inner, session = batched(batch_timeout_micros=SLOW)
    together(session, [x(1, 2, 3), x(4, 5)])
    assert [fed["x"].tolist() for fed in inner.fed] == [[1, 2, 3], [4, 5]]
    with pytest.raises(ServingError, match="Task size 5 is larger than maximum input batch size 4"):
        session.run(x(1, 2, 3, 4, 5), ["double"], 0)


def test_large_requests_are_split_where_that_is_allowed(batched):
    inner, session = batched(
        max_batch_size=10,
        enable_large_batch_splitting=True,
        max_execution_batch_size=3,
        batch_timeout_micros=SLOW,
    )
    results = together(session, [x(0), x(*range(1, 9))])
    assert results[1].tolist() == [2 * value for value in range(1, 9)]
    assert [len(fed["x"]) for fed in inner.fed] == [3, 3, 3]


def test_batches_are_filled_up_to_an_allowed_size_with_the_last_requests_first_row(batched):
    inner, session = batched(batch_timeout_micros=SLOW, max_batch_size=8, allowed_batch_sizes=(2, 8))
    results = together(session, [x(1), x(7, 9)])
    assert [result.tolist() for result in results] == [[2], [14, 18]]
    assert [fed["x"].tolist() for fed in inner.fed] == [[1, 7, 9, 7, 7, 7, 7, 7]]


def test_padding_takes_a_tensors_own_first_element(batched):
    inner, session = batched(batch_timeout_micros=SLOW, pad_variable_length_inputs=True)
    results = together(session, [x([1, 2, 3]), x([5])])
    assert inner.fed[0]["x"].tolist() == [[1, 2, 3], [5, 5, 5]]
    assert results[1].tolist() == [[10, 10, 10]]
    _, session = batched(batch_timeout_micros=SLOW)
    for error in together(session, [x([1, 2, 3]), x([5])]):
        assert error.code.name == "FAILED_PRECONDITION"
        assert "Set pad_variable_length_inputs to true" in error.message


def test_other_feeds_or_fetches_are_another_batch(batched):
    inner, session = batched(batch_timeout_micros=SLOW)
    feeds = [x(1), {**x(2), "y": np.float32([1])}, x(3)]
    together(session, feeds)
    assert sorted(fed["x"].tolist() for fed in inner.fed) == [[1, 3], [2]]


@pytest.mark.parametrize(
    ("feeds", "fetch", "message"),
    [
        ({}, "double", "Batching Run() must have at least one input tensor"),
        ({"x": np.float32(1)}, "double", "Batching Run() input tensors must have at least one dimension"),
        (
            *({**x(1), "y": np.float32([1, 2])}, "double"),
            "Batching Run() input tensors must have equal 0th-dimension size",
        ),
        (x(1), "scalar", "Batched output tensor has 0 dimensions"),
        (x(1), "short", "Batched output tensor's 0th dimension does not equal the sum"),
    ],
)
def test_what_cannot_be_batched(batched, feeds, fetch, message):
    _, session = batched()
    with pytest.raises(ServingError) as raised:
        session.run(feeds, [fetch], 0)
    assert message in raised.value.message


def test_a_full_queue_refuses(batched):
    inner, session = batched(max_batch_size=1, max_enqueued_batches=2)
    inner.release.clear()
    threads = [threading.Thread(target=session.run, args=(x(value), ["double"], 0)) for value in range(3)]
    threads[0].start()
    assert inner.started.acquire(timeout=10)
    for thread in threads[1:]:
        thread.start()
    time.sleep(0.1)
    with pytest.raises(ServingError, match="queue to which this task was submitted is full") as full:
        session.run(x(9), ["double"], 0)
    assert full.value.code.name == "UNAVAILABLE"
    inner.release.set()
    for thread in threads:
        thread.join()


def test_requests_that_waited_too_long_are_not_run(batched):
    inner, session = batched(max_batch_size=1)
    inner.release.clear()
    first = threading.Thread(target=session.run, args=(x(1), ["double"], 0))
    first.start()
    assert inner.started.acquire(timeout=10)
    late = threading.Thread(target=lambda: late_result.append(together(session, [x(2)], timeout_ms=50)[0]))
    late_result = []
    late.start()
    time.sleep(0.2)
    inner.release.set()
    first.join()
    late.join()
    assert late_result[0].code.name == "RESOURCE_EXHAUSTED"
    assert late_result[0].message == "Run() timeout exceeded while waiting in batching queue"
    assert len(inner.fed) == 1


def test_a_failing_batch_fails_all_its_requests_and_no_other(batched):
    _, session = batched(batch_timeout_micros=SLOW, max_batch_size=2)
    results = together(session, [x(1), x(-1), x(3)])
    assert [getattr(result, "message", "fine") for result in results] == ["negative", "negative", "fine"]


def test_a_real_session_under_many_requests(batched, models):
    inner = SavedModelSession(models / "numbers" / "3")
    metrics = Metrics()
    _, session = batched(inner, metrics, max_batch_size=64, batch_timeout_micros=2000, num_batch_threads=2)
    signature = inner.signatures["serving_default"]
    names = {alias: info.name for alias, info in signature.inputs.items()}
    wrong = []

    def ask(seed):
        random = np.random.default_rng(seed)
        for _ in range(40):
            a, b = random.random((2, random.integers(1, 9))).astype(np.float32)
            [total] = session.run({names["x"]: a, names["y"]: b}, [signature.outputs["sum"].name], 0)
            if not np.array_equal(total, a + b):
                wrong.append((a, b, total))

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert metrics.wrapped_run_count.total() < 320
    session.close()


def test_options_from_a_file_and_their_defaults():
    given = BatchingParameters()
    given.max_batch_size.value = 16
    given.allowed_batch_sizes.extend([4, 16])
    given.batch_timeout_micros.value = 0
    given.pad_variable_length_inputs = True
    options = BatchingOptions.of(given)
    assert options == BatchingOptions(max_batch_size=16, allowed_batch_sizes=(4, 16), pad_variable_length_inputs=True)
    assert BatchingOptions.of(BatchingParameters()) == BatchingOptions()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"max_batch_size": 8, "allowed_batch_sizes": (2, 4)},
            "must match max_batch_size; last entry was 4; expected 8",
        ),
        ({"max_batch_size": 4, "allowed_batch_sizes": (4, 4)}, "must be monotonically increasing"),
        ({"num_batch_threads": 0}, "num_batch_threads must be positive; was 0"),
        ({"batch_timeout_micros": -1}, "batch_timeout_micros must be non-negative; was -1"),
        (
            {"max_batch_size": 4, "enable_large_batch_splitting": True, "max_execution_batch_size": 8},
            "max_execution_batch_size must be at most max_batch_size, 4; was 8",
        ),
    ],
)
def test_options_that_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        BatchingOptions(**settings)
