"""Server-side batching: the runs of several requests merged into one, as batching_session.cc does it."""

import collections
import threading
import time
from collections.abc import Mapping, Sequence

import grpc
import numpy as np

from serving.server.batches import Task, concatenated, rows_of, run_batch
from serving.server.batching_options import BatchingOptions
from serving.server.errors import ServingError, invalid_argument
from serving.server.metrics import Metrics
from serving.server.saved_model import SavedModelSession


class _Queue:
    """Tasks with the same feeds and fetches, gathered into batches; guarded by the scheduler."""

    def __init__(self, session: SavedModelSession, fetches: Sequence[str], options: BatchingOptions):
        self.session = session
        self.fetches = tuple(fetches)
        self.options = options
        self.batches: collections.deque[list[Task]] = collections.deque()

    def add(self, tasks: Sequence[Task]) -> None:
        batches = [list(batch) for batch in self.batches]
        for task in tasks:
            if not batches or rows_of(batches[-1]) + task.rows > self.options.execution_limit:
                batches.append([])
            batches[-1].append(task)
        if len(batches) > self.options.max_enqueued_batches:
            raise ServingError(
                grpc.StatusCode.UNAVAILABLE,
                "The batch scheduling queue to which this task was submitted is full",
            )
        self.batches = collections.deque(batches)

    def open_slots(self) -> int:
        """Rows that the newest batch can still take."""
        return self.options.execution_limit - rows_of(self.batches[-1]) if self.batches else 0

    def due(self) -> float:
        """When its oldest batch is to be run: at once (0) if it is full, else when its first task has waited enough."""
        batch = self.batches[0]
        if len(self.batches) > 1 or rows_of(batch) >= self.options.execution_limit:
            return 0.0
        return batch[0].enqueued + self.options.batch_timeout_micros / 1e6


class BatchScheduler:
    """Threads that run the batches of all models."""

    def __init__(self, threads: int, name: str, metrics: Metrics):
        self._metrics = metrics
        self._name = name
        self._changed = threading.Condition()
        self._queues: collections.deque[_Queue] = collections.deque()
        self._closed = False
        self._threads = [threading.Thread(target=self._work, name=name, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def add(self, queue: _Queue, tasks: Sequence[Task]) -> None:
        """Puts tasks into a queue.

        Raises:
          ServingError: UNAVAILABLE, the queue is full.
        """
        with self._changed:
            queue.add(tasks)
            if queue not in self._queues:
                self._queues.append(queue)
            self._changed.notify_all()

    def open_slots(self, queue: _Queue) -> int:
        """Rows that the newest batch of a queue can still take."""
        with self._changed:
            return queue.open_slots()

    def close(self) -> None:
        """Runs what is enqueued, and ends the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                taken = self._take()
            if taken is None:
                return
            queue, batch = taken
            run_batch(queue.session, queue.fetches, batch, queue.options, self._name, self._metrics)

    def _take(self) -> tuple[_Queue, list[Task]] | None:
        while True:
            now = time.monotonic()
            for _ in range(len(self._queues)):
                queue = self._queues.popleft()
                if self._closed or queue.due() <= now:
                    batch = queue.batches.popleft()
                    if queue.batches:
                        self._queues.append(queue)  # behind the others, so that each has its turn
                    return queue, batch
                self._queues.append(queue)
            if self._closed:
                return None
            next_due = min((queue.due() for queue in self._queues), default=None)
            self._changed.wait(None if next_due is None else max(0.0, next_due - now))


class BatchingSession:
    """A session whose runs are merged with those that come at the same time, for the same feeds and fetches."""

    def __init__(self, session: SavedModelSession, options: BatchingOptions, scheduler: BatchScheduler):
        self.signatures = session.signatures
        self._session = session
        self._options = options
        self._scheduler = scheduler
        self._queues: dict[tuple[frozenset[str], frozenset[str]], _Queue] = {}
        self._lock = threading.Lock()

    def run(self, feeds: Mapping[str, np.ndarray], fetches: Sequence[str], timeout_ms: int = 0) -> list[np.ndarray]:
        """Values of the fetched tensors, those rows of a batch that belong to these feeds.

        Raises:
          ServingError: the feeds have no common number of rows, the queue is full, or TensorFlow's own status.
        """
        rows = _common_rows(feeds)
        if rows > self._options.max_batch_size:
            raise invalid_argument(
                f"Task size {rows} is larger than maximum input batch size {self._options.max_batch_size}"
            )
        with self._lock:
            key = (frozenset(feeds), frozenset(fetches))
            queue = self._queues.setdefault(key, _Queue(self._session, sorted(key[1]), self._options))
        tasks = self._split(queue, feeds, rows, timeout_ms)
        self._scheduler.add(queue, tasks)
        for task in tasks:
            task.done.wait()
        for task in tasks:
            if task.error is not None:
                raise task.error
        if len(tasks) == 1:
            return [tasks[0].outputs[name] for name in fetches]
        return [concatenated([task.outputs[name] for task in tasks]) for name in fetches]

    def close(self) -> None:
        """Gives the session's memory back; nothing may be running."""
        self._session.close()

    def _split(self, queue: _Queue, feeds: Mapping[str, np.ndarray], rows: int, timeout_ms: int) -> list[Task]:
        limit = self._options.execution_limit
        if not self._options.enable_large_batch_splitting or rows <= limit:
            return [Task(feeds, rows, timeout_ms)]
        # The first part fills up the batch that is open.
        first = min(self._scheduler.open_slots(queue), rows)
        starts = [*([0] if first else []), *range(first, rows, limit)]
        return [
            Task({name: value[start:end] for name, value in feeds.items()}, end - start, timeout_ms)
            for start, end in zip(starts, [*starts[1:], rows], strict=True)
        ]


def _common_rows(feeds: Mapping[str, np.ndarray]) -> int:
    if not feeds:
        raise invalid_argument("Batching Run() must have at least one input tensor")
    if any(value.ndim == 0 for value in feeds.values()):
        raise invalid_argument("Batching Run() input tensors must have at least one dimension")
    [first, *others] = [len(value) for value in feeds.values()]
    if any(rows != first for rows in others):
        raise invalid_argument("Batching Run() input tensors must have equal 0th-dimension size")
    return first
