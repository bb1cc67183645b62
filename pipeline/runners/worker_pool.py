"""A pool of Beam's Python workers: the engine asks it for one, and it starts a process in this environment."""

import os
import signal
import sys
import threading
from concurrent import futures
from pathlib import Path

import grpc
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc
from apache_beam.runners.worker import worker_pool_main


class WorkerPool(worker_pool_main.BeamFnExternalWorkerPoolServicer):
    """Beam's pool of processes, which can end all its workers."""

    def __init__(self):
        # -1: what a worker gives out goes when its buffer is full, not by the clock as well.
        super().__init__(use_process=True, data_buffer_time_limit_ms=-1)

    def stop_workers(self) -> None:
        """Ends all workers."""
        for worker_id in list(self._worker_processes):
            self.StopWorker(beam_fn_api_pb2.StopWorkerRequest(worker_id=worker_id), None)


def serve_workers(address: str) -> None:
    """Serves until SIGINT or SIGTERM, and then ends all workers.

    Args:
      address: where to listen, HOST:PORT.

    Raises:
      OSError: nobody can listen there.
    """
    # Beam starts workers as plain `python`.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    # Two pools that share a port would each get a part of the calls.
    options = [("grpc.so_reuseport", 0), ("grpc.http2.max_pings_without_data", 0), ("grpc.http2.max_ping_strikes", 0)]
    server = grpc.server(futures.ThreadPoolExecutor(), options=options)
    pool = WorkerPool()
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
    server.stop(grace=None).wait()
    pool.stop_workers()
