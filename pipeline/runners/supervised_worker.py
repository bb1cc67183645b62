"""A Beam worker that is a process, and whoever answers the engine in its place once the process has ended.

Engines do not always find out. Beam's own job service waits for ever for a worker that has ended before its data
channel was open, or after its last output; Flink does for one that has ended before it has spoken. So the instructions
go to the worker through here, and each of them is answered.
"""

import contextlib
import queue
import threading
from collections.abc import Iterator
from concurrent import futures
from multiprocessing.context import BaseContext

import grpc
import numpy as np
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc
from apache_beam.runners.worker.sdk_worker import SdkHarness

from pipeline.runners.beam_jobs import WORKER_ENDED

_TERMINATION_SECONDS = 10.0
_ANY_SIZE = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class SupervisedWorker(beam_fn_api_pb2_grpc.BeamFnControlServicer):
    """A worker in a process of its own: data and state come from the engine directly, instructions through here.

    Attributes:
      worker_id: what the engine calls it.
    """

    def __init__(self, request: beam_fn_api_pb2.StartWorkerRequest, processes: BaseContext):
        """Starts it as an engine asks for it.

        Args:
          request: of the engine.
          processes: starts processes.

        Raises:
          OSError, RuntimeError: there can be no further process, or no further port.
        """
        self.worker_id = request.worker_id
        self._lock = threading.Lock()
        self._unanswered: set[str] = set()
        self._ended: str | None = None  # the error of all instructions from then on
        self._to_engine: queue.SimpleQueue = queue.SimpleQueue()  # None ends each of them
        self._to_worker: queue.SimpleQueue = queue.SimpleQueue()
        self._channel = grpc.insecure_channel(request.control_endpoint.url, options=_ANY_SIZE)
        self._engine = beam_fn_api_pb2_grpc.BeamFnControlStub(self._channel)
        self._metadata = (("worker_id", request.worker_id),)
        self._server = grpc.server(futures.ThreadPoolExecutor(), options=_ANY_SIZE)
        beam_fn_api_pb2_grpc.add_BeamFnControlServicer_to_server(self, self._server)
        address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()
        self._over = threading.Event()
        self._process = processes.Process(target=_work, args=(address, request.worker_id), daemon=True)
        self._process.start()
        self._conversation = threading.Thread(target=self._follow_engine, daemon=True)
        self._conversation.start()
        threading.Thread(target=self._follow_process, daemon=True).start()

    @property
    def runs(self) -> bool:
        """Whether its process is there."""
        return not self._over.is_set()

    def stop(self) -> None:
        """Ends its process; the engine hears of it."""
        self._process.terminate()
        if not self._over.wait(_TERMINATION_SECONDS):
            self._process.kill()
            self._over.wait()

    def wait_for_engine(self, seconds: float) -> None:
        """Waits so long at most until the engine is through with it."""
        self._conversation.join(seconds)

    def Control(
        self, answers: Iterator[beam_fn_api_pb2.InstructionResponse], context: grpc.ServicerContext
    ) -> Iterator[beam_fn_api_pb2.InstructionRequest]:
        """Called by the worker: instructions of the engine, for answers."""
        threading.Thread(target=self._follow_worker, args=(answers,), daemon=True).start()
        yield from iter(self._to_worker.get, None)

    def GetProcessBundleDescriptor(
        self, request: beam_fn_api_pb2.GetProcessBundleDescriptorRequest, context: grpc.ServicerContext
    ) -> beam_fn_api_pb2.ProcessBundleDescriptor:
        """Called by the worker: what the engine says of a stage."""
        return self._engine.GetProcessBundleDescriptor(request, metadata=self._metadata)

    def _follow_engine(self) -> None:
        # An engine that is gone needs no answers; its worker ends as if it were told to.
        with contextlib.suppress(grpc.RpcError):
            for instruction in self._engine.Control(iter(self._to_engine.get, None), metadata=self._metadata):
                with self._lock:
                    if self._ended is None:
                        self._unanswered.add(instruction.instruction_id)
                        self._to_worker.put(instruction)
                    else:
                        self._answer_error(instruction.instruction_id)
        self._to_worker.put(None)
        self._to_engine.put(None)
        self._channel.close()

    def _follow_worker(self, answers: Iterator[beam_fn_api_pb2.InstructionResponse]) -> None:
        with contextlib.suppress(grpc.RpcError):
            for answer in answers:
                with self._lock:
                    if answer.instruction_id in self._unanswered:
                        self._unanswered.remove(answer.instruction_id)
                        self._to_engine.put(answer)

    def _follow_process(self) -> None:
        self._process.join()
        with self._lock:
            self._ended = f"{WORKER_ENDED}, exit code {self._process.exitcode}"
            for instruction_id in self._unanswered:
                self._answer_error(instruction_id)
            self._unanswered.clear()
        self._to_worker.put(None)
        self._server.stop(grace=None)
        self._over.set()

    def _answer_error(self, instruction_id: str) -> None:
        self._to_engine.put(beam_fn_api_pb2.InstructionResponse(instruction_id=instruction_id, error=self._ended))


def _work(control_address: str, worker_id: str) -> None:
    """What the process does."""
    np.random.seed()  # or all that are forked from one process would draw the same
    # -1: what a worker gives out goes when its buffer is full, not by the clock as well.
    SdkHarness(control_address, worker_id=worker_id, data_buffer_time_limit_ms=-1).run()
