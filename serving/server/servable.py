"""One loaded version of a model."""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from tensorflow.core.protobuf import meta_graph_pb2

from serving.server.metrics import Metrics


class Session(Protocol):
    """What runs a version's graph; see SavedModelSession and BatchingSession."""

    signatures: Mapping[str, meta_graph_pb2.SignatureDef]

    def run(self, feeds: Mapping[str, np.ndarray], fetches: Sequence[str], timeout_ms: int) -> list[np.ndarray]:
        """Values of the fetched tensors."""

    def close(self) -> None:
        """Gives the session's memory back."""


@dataclasses.dataclass(frozen=True)
class Servable:
    """One loaded version of a model."""

    name: str
    version: int
    session: Session
    metrics: Metrics

    def run(
        self, api: str, feeds: Mapping[str, np.ndarray], fetches: Sequence[str], timeout_ms: int
    ) -> list[np.ndarray]:
        """Values of the fetched tensors; how long that took is counted for the API, `Predict` or another."""
        start = time.monotonic()
        values = self.session.run(feeds, fetches, timeout_ms)
        self.metrics.runtime_latency.add(self.name, api, "TF1", value=(time.monotonic() - start) * 1e6)
        return values
