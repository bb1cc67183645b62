"""Where the versions of models stand."""

import dataclasses
import enum

from serving.server.errors import ServingError


class State(enum.IntEnum):
    """Where a version stands; the numbers are those of GetModelStatusResponse."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclasses.dataclass(frozen=True)
class VersionState:
    """A version's state, and why it failed, if it did."""

    state: State
    error: ServingError | None = None
