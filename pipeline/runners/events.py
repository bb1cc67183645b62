"""What a runner tells while a pipeline runs: which node began, and how it ended."""

import dataclasses
import logging
from typing import Literal

NodeState = Literal["started", "completed", "cached", "failed"]

_LOGGER = logging.getLogger("seq2seq.run")


@dataclasses.dataclass(frozen=True)
class NodeEvent:
    """One change in the life of a node; `seconds` and `peak_memory` (bytes) are those of its run."""

    node: str
    state: NodeState
    seconds: float = 0.0
    peak_memory: int = 0


def publish(event: NodeEvent) -> None:
    """Logs an event on `seq2seq.run`, with the event itself as the record's `node_event`."""
    _LOGGER.info(
        "%s %s (%.1f s, %d MB)",
        event.node,
        event.state,
        event.seconds,
        event.peak_memory >> 20,
        extra={"node_event": event},
    )
