"""A run on a cluster: what is sent, and how it is followed to its end."""

import dataclasses
import datetime
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pipeline.runners.cluster_errors import ClusterError


@dataclasses.dataclass(frozen=True)
class RunRequest:
    """What is sent.

    Attributes:
      address: of the API.
      run_name: of the run, for people.
      body: the request, in the form of its JSON.
    """

    address: str
    run_name: str
    body: dict[str, Any]


class Submitter(Protocol):
    """A client of a cluster's API."""

    def submit(self, request: RunRequest) -> str:
        """Sends a run, and gives its id."""

    def state(self, run_id: str) -> str:
        """The run's state, in the words of the API."""

    def link(self, run_id: str) -> str:
        """The page on which a person can look at the run."""


@dataclasses.dataclass(frozen=True)
class States:
    """In which states a run has ended, well or not."""

    succeeded: frozenset[str]
    failed: frozenset[str]


def parse_parameters(texts: list[str], spec: dict[str, Any], section: str) -> dict[str, str | int]:
    """The parameters of a run.

    Args:
      texts: as NAME=VALUE.
      spec: the pipeline's specification, which says which parameters there are.
      section: of the configuration, where defaults can be set.

    Raises:
      ClusterError: one is unknown, has no such value, or is missing.
    """
    definitions = spec["root"]["inputDefinitions"]["parameters"]
    values: dict[str, str | int] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name not in definitions:
            raise ClusterError(
                f"--parameter {text}: wanted NAME=VALUE, with a name out of {', '.join(sorted(definitions))}"
            )
        if definitions[name]["parameterType"] == "NUMBER_INTEGER":
            lowest = 0 if name == "max_steps" else 1
            if not value.isdecimal() or int(value) < lowest:
                raise ClusterError(f"--parameter {text}: wanted a whole number from {lowest}")
            values[name] = int(value)
        elif not value:
            raise ClusterError(f"--parameter {text}: the value is empty")
        else:
            values[name] = value
    for name in sorted(definitions):
        if name not in values and "defaultValue" not in definitions[name]:
            raise ClusterError(f"parameter {name} is needed: set {section}.{name}, or give --parameter {name}=VALUE")
    return values


def run_name(task: str) -> str:
    """A name for a run of a task: its own, and the time."""
    return f"{task}-{datetime.datetime.now(datetime.timezone.utc):%Y%m%d%H%M%S}"


def follow(submitter: Submitter, run_id: str, states: States, tell: Callable[[str], None], poll_seconds: float) -> bool:
    """Waits for the end of a run, and tells each change of its state.

    Returns:
      Whether it succeeded.

    Raises:
      ClusterError: its state could not be had.
    """
    known = None
    while True:
        state = submitter.state(run_id)
        if state != known:
            tell(state)
            known = state
        if state in states.succeeded or state in states.failed:
            return state in states.succeeded
        time.sleep(poll_seconds)


def without_none(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """The entries that have a value."""
    return {key: value for key, value in mapping.items() if value is not None}
