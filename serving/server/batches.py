"""One batch of server-side batching: requests merged into one run, and its rows handed back."""

import dataclasses
import threading
import time
from collections.abc import Mapping, Sequence

import grpc
import numpy as np

from serving.server.batching_options import BatchingOptions
from serving.server.errors import ServingError, failed_precondition, invalid_argument
from serving.server.metrics import Metrics
from serving.server.saved_model import SavedModelSession


@dataclasses.dataclass
class Task:
    """One request, or one part of it."""

    feeds: Mapping[str, np.ndarray]
    rows: int
    timeout_ms: int
    enqueued: float = dataclasses.field(default_factory=time.monotonic)
    done: threading.Event = dataclasses.field(default_factory=threading.Event)
    outputs: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    error: ServingError | None = None

    @property
    def deadline(self) -> float:
        """When nobody waits for it any more, on the monotonic clock."""
        return self.enqueued + self.timeout_ms / 1000 if self.timeout_ms > 0 else float("inf")


def run_batch(
    session: SavedModelSession,
    fetches: Sequence[str],
    batch: Sequence[Task],
    options: BatchingOptions,
    pool_name: str,
    metrics: Metrics,
) -> None:
    """Runs the tasks of a batch as one, and gives each its rows, or the error."""
    now = time.monotonic()
    for task in batch:
        metrics.queuing_latency.add(pool_name, value=(now - task.enqueued) * 1e6)
    try:
        latest = max(task.deadline for task in batch)
        if latest <= now:
            message = "Run() timeout exceeded while waiting in batching queue"
            raise ServingError(grpc.StatusCode.RESOURCE_EXHAUSTED, message)
        timeout_ms = 0 if latest == float("inf") else max(1, int((latest - now) * 1000))
        rows = rows_of(batch)
        padded_rows = next((size for size in options.allowed_batch_sizes if size >= rows), rows)
        merged = _merged(batch, padded_rows - rows, options.pad_variable_length_inputs)
        values = session.run(merged, fetches, timeout_ms)
        metrics.wrapped_run_count.add()
        _hand_out(batch, dict(zip(fetches, values, strict=True)), padded_rows)
    except ServingError as error:
        for task in batch:
            task.error = error
    except Exception as error:  # noqa: BLE001 - whoever waits for the batch must hear of it
        for task in batch:
            task.error = ServingError(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}")
    finally:
        for task in batch:
            task.done.set()


def _merged(batch: Sequence[Task], padding_rows: int, pad: bool) -> dict[str, np.ndarray]:
    merged = {}
    for name in batch[0].feeds:
        parts = [task.feeds[name] for task in batch]
        if len({(part.dtype, part.ndim) for part in parts}) > 1:
            raise ServingError(
                grpc.StatusCode.INTERNAL,
                "Tensor concat operation failed: INVALID_ARGUMENT: tensors have different types or ranks",
            )
        if pad:
            widths = np.max([part.shape for part in parts], axis=0)
            parts = [_padded(part, widths) for part in parts]
        elif len({part.shape[1:] for part in parts}) > 1:
            raise failed_precondition(
                f"Tensors with name '{name}' from different tasks have different shapes and padding is turned off."
                " Set pad_variable_length_inputs to true, or ensure that all tensors with the same name have equal"
                " dimensions starting with the first dim."
            )
        if padding_rows and len(parts[-1]):
            # The first row of the last task, which the model is sure to take.
            parts.extend([parts[-1][:1]] * padding_rows)
        merged[name] = concatenated(parts)
    return merged


def _padded(part: np.ndarray, widths: np.ndarray) -> np.ndarray:
    missing = [(0, 0), *((0, int(width) - size) for width, size in zip(widths[1:], part.shape[1:], strict=True))]
    if not any(after for _, after in missing):
        return part
    if not part.size:
        raise invalid_argument("Got empty tensor in batch of non-empty tensors.")
    # Not zeros: the C++ server pads with the tensor's own first element.
    return np.pad(part, missing, constant_values=part.flat[0])


def _hand_out(batch: Sequence[Task], values: Mapping[str, np.ndarray], rows: int) -> None:
    for name, value in values.items():
        value = np.asarray(value)
        if value.ndim == 0:
            raise failed_precondition("Batched output tensor has 0 dimensions")
        if len(value) != rows:
            raise failed_precondition(
                "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the input"
                " tensors"
            )
        start = 0
        for task in batch:
            task.outputs[name] = value[start : start + task.rows]
            start += task.rows


def concatenated(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Arrays one behind the other along their first dimension."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def rows_of(batch: Sequence[Task]) -> int:
    return sum(task.rows for task in batch)
