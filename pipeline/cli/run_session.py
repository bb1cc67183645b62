"""One run on the command line: logs, live view, summary, exit status."""

import contextlib
import datetime
import logging
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from components.report.rendering import PAGE
from pipeline.cli.log_file import chatter_to
from pipeline.cli.run_view import RunView, confidence_table, metrics_table, outcome_lines
from pipeline.config import Config
from pipeline.metadata_config import MetadataError
from pipeline.run_lock import only_one
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from tfx.orchestration.pipeline import Pipeline

    from components.serving_validator.report import Report
    from components.verdict import Verdict
    from pipeline.history import Run

FAILED = 1
INTERRUPTED = 130
NOT_BLESSED = 3

_BEAM_STEP = re.compile(r" \[while running '[^']*'\]$")


def run(config: Config, orchestrator: str) -> int:
    """Runs a task's pipeline and shows it.

    Returns:
      The exit status: 0 when the model is pushed (now, or already as it is), 3 when the model failed a threshold or on
      the server.

    Raises:
      BusyError: another process runs the task.
      typer.Exit: with 1 when a component failed, with 130 when interrupted.
    """
    with only_one(Workspace.of(config).run_lock, config.name, "run"), watched(config) as console:
        finished, verdict, report = _run(config, orchestrator)
    console.print(metrics_table(verdict))
    if verdict.sureness:
        console.print(confidence_table(verdict))
    for line in outcome_lines(finished, verdict, report):
        console.print(line, soft_wrap=True)
    console.print(f"Report in {finished.report_uri}/{PAGE}", soft_wrap=True)
    return 0 if finished.pushed_to else NOT_BLESSED


@contextlib.contextmanager
def watched(
    config: Config, interrupted: str = "Nothing was pushed; what had completed comes from the cache next time."
) -> Iterator[Console]:
    """Shows what runs in the block: components and their lines on the terminal, all else in a log file.

    Args:
      config: the task.
      interrupted: what is told after Ctrl-C.

    Yields:
      Where to print when the block has ended.

    Raises:
      typer.Exit: with 1 when something failed, with 130 when interrupted; it has been told.
    """
    started = datetime.datetime.now(datetime.timezone.utc)
    log_file = Workspace.of(config).logs / f"{started:%Y%m%d-%H%M%S-%f}.log"
    console = Console(highlight=False)
    console.print(f"Task {config.name}, log in {log_file}")
    view = RunView(console)
    logger = logging.getLogger("seq2seq")
    logger.addHandler(view)
    logger.setLevel(logging.INFO)
    try:
        with chatter_to(log_file), _logged():
            yield console
    except (KeyboardInterrupt, Exception) as error:
        view.close()
        if _is_interrupt(error):
            console.print(f"[red]Interrupted. {interrupted}")
            raise typer.Exit(INTERRUPTED) from error
        console.print(f"[bold red]{_failed_node(view)} failed:[/] ", end="")
        console.print(_message(error), markup=False, soft_wrap=True)
        console.print(f"The whole story is in {log_file}")
        raise typer.Exit(FAILED) from error
    finally:
        logger.removeHandler(view)
        view.close()


@contextlib.contextmanager
def _logged() -> Iterator[None]:
    """Puts the traceback of what fails in the block into the log."""
    try:
        yield
    except Exception:
        logging.getLogger(__name__).exception("the run failed")
        raise


def _run(config: Config, orchestrator: str) -> tuple["Run", "Verdict", "Report | None"]:
    # TFX and TensorFlow write while they are imported: here that goes to the log.
    from components.serving_validator.report import read_report
    from components.verdict import read_verdict
    from pipeline.create import create_pipeline
    from pipeline.history import read_run

    run_id = run_watched(create_pipeline(config), orchestrator)
    finished = read_run(config, run_id)
    report = read_report(finished.infra_blessing_uri) if finished.infra_blessing_uri else None
    return finished, read_verdict(finished.evaluation_uri, finished.blessing_uri), report


def run_watched(pipeline: "Pipeline", orchestrator: str = "local") -> str:
    """Runs a pipeline in a `watched` block; returns the run's id.

    Raises:
      KeyboardInterrupt: a node was interrupted.
      Exception: whatever the first node to fail raised.
    """
    from pipeline.runners.launch import NodeInterruptedError
    from pipeline.runners.run import run_pipeline

    try:
        return run_pipeline(pipeline, orchestrator)
    except NodeInterruptedError as interrupt:
        raise KeyboardInterrupt from interrupt


def _failed_node(view: RunView) -> str:
    return next((event.node for event in reversed(view.ended) if event.state == "failed"), "The run")


def _is_interrupt(error: BaseException) -> bool:
    """Whether it came of Ctrl-C, of which Beam makes an error of its own that names it last."""
    return isinstance(error, KeyboardInterrupt) or _message(error) == KeyboardInterrupt.__name__


def _message(error: BaseException) -> str:
    """The innermost message; Beam raises a worker's error as text that ends with it, and names its step behind."""
    while isinstance(error.__cause__, Exception) and not isinstance(error, MetadataError):
        error = error.__cause__
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    message = lines[-1].strip() if "Traceback" in str(error) else str(error) or type(error).__name__
    return _BEAM_STEP.sub("", message)
