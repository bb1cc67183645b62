"""Settings of server-side batching: what a batching_parameters_file may say."""

import dataclasses
import itertools
import os

from serving.server.text_protos import BatchingParameters


@dataclasses.dataclass(frozen=True)
class BatchingOptions:
    """Settings of a batching_parameters_file; the defaults are those of the C++ server."""

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = os.cpu_count() or 1
    thread_pool_name: str = "model_server_batch_threads"
    allowed_batch_sizes: tuple[int, ...] = ()
    pad_variable_length_inputs: bool = False
    enable_large_batch_splitting: bool = False
    max_execution_batch_size: int = 0  # 0: max_batch_size

    def __post_init__(self):
        for name in ("max_batch_size", "max_enqueued_batches", "num_batch_threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be positive; was {getattr(self, name)}")
        if self.batch_timeout_micros < 0:
            raise ValueError(f"batch_timeout_micros must be non-negative; was {self.batch_timeout_micros}")
        sizes = self.allowed_batch_sizes
        if any(after <= before for before, after in itertools.pairwise(sizes)):
            raise ValueError("allowed_batch_sizes entries must be monotonically increasing")
        limit = "max_execution_batch_size" if self.enable_large_batch_splitting else "max_batch_size"
        if sizes and sizes[-1] != self.execution_limit:
            raise ValueError(
                f"Last entry in allowed_batch_sizes must match {limit}; last entry was {sizes[-1]};"
                f" expected {self.execution_limit}"
            )
        if self.execution_limit > self.max_batch_size:
            raise ValueError(
                f"max_execution_batch_size must be at most max_batch_size, {self.max_batch_size};"
                f" was {self.execution_limit}"
            )

    @classmethod
    def of(cls, parameters: BatchingParameters) -> "BatchingOptions":
        """The options that a BatchingParameters message sets, defaults for the rest.

        Raises:
          ValueError: settings out of range, or such that contradict each other.
        """
        given = {}
        for field, value in parameters.ListFields():
            if field.label == field.LABEL_REPEATED:
                given[field.name] = tuple(value)
            else:
                given[field.name] = value if field.message_type is None else value.value
        return cls(**given)

    @property
    def execution_limit(self) -> int:
        """Most rows of one run."""
        if self.enable_large_batch_splitting and self.max_execution_batch_size:
            return self.max_execution_batch_size
        return self.max_batch_size
