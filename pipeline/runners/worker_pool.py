"""A pool of Beam's Python workers: the engine asks it for one, and it starts a process in this environment."""

import multiprocessing
import signal
import threading
import time
from collections.abc import Sequence
from concurrent import futures
from multiprocessing import forkserver

import grpc
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc

from pipeline.runners.supervised_worker import SupervisedWorker

_FAREWELL_SECONDS = 5.0
_MODULES_OF_OUR_JOBS = (
    "tfx.components",
    "tensorflow_model_analysis",
    "tensorflow_transform.beam",
    "components.evaluator_executor",
    "components.prediction.predict",
)


class WorkerPool(beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolServicer):
    """Starts and ends workers as engines ask for it.

    They are forked from a process that has imported what jobs need: a worker lives no longer than its job, and would
    spend half a minute on it each time.
    """

    def __init__(self, preloaded: Sequence[str]):
        """Starts the process that workers are forked from.

        Args:
          preloaded: modules that it imports. None of them may start a thread of Python or open a channel.
        """
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(["pipeline.runners.supervised_worker", *preloaded])
        forkserver.ensure_running()
        self._lock = threading.Lock()
        self._workers: list[SupervisedWorker] = []

    def StartWorker(
        self, request: beam_fn_api_pb2.StartWorkerRequest, context: grpc.ServicerContext
    ) -> beam_fn_api_pb2.StartWorkerResponse:
        """Starts a worker."""
        with self._lock:
            self._workers = [worker for worker in self._workers if worker.runs]
            try:
                self._workers.append(SupervisedWorker(request, self._processes))
            except (OSError, RuntimeError) as error:
                return beam_fn_api_pb2.StartWorkerResponse(error=f"no worker can be started here: {error}")
        return beam_fn_api_pb2.StartWorkerResponse()

    def StopWorker(
        self, request: beam_fn_api_pb2.StopWorkerRequest, context: grpc.ServicerContext
    ) -> beam_fn_api_pb2.StopWorkerResponse:
        """Ends the workers of a name."""
        for worker in self._running():
            if worker.worker_id == request.worker_id:
                worker.stop()
        return beam_fn_api_pb2.StopWorkerResponse()

    def stop_workers(self) -> None:
        """Ends all workers, and gives their engines time to hear of it."""
        workers = self._running()
        for worker in workers:
            worker.stop()
        deadline = time.monotonic() + _FAREWELL_SECONDS
        for worker in workers:
            worker.wait_for_engine(max(0.0, deadline - time.monotonic()))

    def _running(self) -> list[SupervisedWorker]:
        with self._lock:
            return [worker for worker in self._workers if worker.runs]


def serve_workers(address: str, preloaded: Sequence[str] = _MODULES_OF_OUR_JOBS) -> None:
    """Serves until SIGINT or SIGTERM, and then ends all workers.

    Args:
      address: where to listen, HOST:PORT.
      preloaded: modules that are imported once for all workers.

    Raises:
      OSError: nobody can listen there.
    """
    # Two pools that share a port would each get a part of the calls.
    options = [("grpc.so_reuseport", 0), ("grpc.http2.max_pings_without_data", 0), ("grpc.http2.max_ping_strikes", 0)]
    server = grpc.server(futures.ThreadPoolExecutor(), options=options)
    pool = WorkerPool(preloaded)
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(pool, server)
    try:
        server.add_insecure_port(address)
    except RuntimeError as error:
        raise OSError(f"{address}: nobody can listen there") from error
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    server.start()
    ended.wait()
    server.stop(grace=_FAREWELL_SECONDS).wait()
    pool.stop_workers()
