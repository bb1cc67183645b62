"""The run that a command is asked about."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.history import Run


def run_with(what: str, task: str, runs: Sequence["Run"], run_id: str | None) -> "Run":
    """The run of this id, or the newest one, that has an artifact.

    Args:
      what: the artifact: Run has its folder as `{what}_uri`.
      task: name of the task.
      runs: of the task, oldest first.
      run_id: None: the newest.

    Raises:
      ValueError: there is none; the message says which there are.
    """
    having = [run for run in runs if getattr(run, f"{what}_uri")]
    if not having:
        raise ValueError(f"task {task} has no {what} yet: run the pipeline first")
    if run_id is None:
        return having[-1]
    found = next((run for run in having if run.run_id == run_id), None)
    if found is None:
        raise ValueError(f"run {run_id} has no {what}; such that have: {', '.join(run.run_id for run in having[-5:])}")
    return found
