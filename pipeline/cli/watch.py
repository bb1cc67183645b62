"""`seq2seq watch`: the pipeline is run whenever new data is complete."""

import datetime
import signal
import subprocess
import sys
import threading
from typing import Annotated

import typer

from pipeline.cli.options import ConfigPath, Overrides
from pipeline.cli.quiet import quiet_libraries
from pipeline.cli.run_session import FAILED, INTERRUPTED, NOT_BLESSED
from pipeline.config_file import load_config
from pipeline.run_lock import BUSY, only_one
from pipeline.workspace import Workspace

_OUTCOMES = {
    0: "the model is pushed",
    FAILED: "a component failed; waiting for the next data",
    NOT_BLESSED: "the model was not pushed; waiting for the next data",
    BUSY: "another run of the task is under way; this one is tried again",
    INTERRUPTED: "the run was interrupted",
}
# Between looks at a run and at whether it is to be stopped.
_POLL_SECONDS = 0.2


def watch(
    config: ConfigPath,
    overrides: Overrides,
    interval: Annotated[
        float, typer.Option(min=0.1, help="Seconds between looks; files that stay as they are so long are complete.")
    ] = 60.0,
    once: Annotated[
        bool, typer.Option("--once", help="Look for one interval, run what is new and complete, and end.")
    ] = False,
) -> None:
    """Run the pipeline whenever a new span of data has landed, one run at a time.

    What an earlier watch has run is not run again. A run that fails is told, and the next one is for the next data.
    Ctrl-C or SIGTERM ends the watch, and the run under way as Ctrl-C does. Exits with 0 when it was waiting, with 130
    when a run was interrupted, and with --once with the status of the run.
    """
    settings = load_config(config, overrides)
    workspace = Workspace.of(settings)
    with quiet_libraries():
        from pipeline.watching import Watcher  # imports Beam
    runs = _Runs([sys.executable, "-W", "ignore", "-c", "from pipeline.cli.main import main; main()", "run"])
    arguments = [str(config), *(part for override in overrides for part in ("--set", override))]
    with only_one(workspace.watch_lock, settings.name, "watched"):
        watcher = Watcher(settings.data, workspace.watched, lambda: runs.run(arguments), _tell)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: runs.stop.set())
        looks = 0
        while not runs.stop.is_set():
            watcher.look()
            looks += 1
            if once and looks == 2:
                break
            runs.stop.wait(interval)
    raise typer.Exit(runs.status if once or runs.cut_off else 0)


class _Runs:
    """Runs of the pipeline, each in a process of its own, whose memory is given back and whose end ends nothing else.

    Attributes:
      stop: set when the watch is to end.
      status: exit status of the last run; 0 before the first.
      cut_off: whether the last run was stopped by us.
    """

    def __init__(self, command: list[str]):
        self._command = command
        self.stop = threading.Event()
        self.status = 0
        self.cut_off = False

    def run(self, arguments: list[str]) -> bool:
        """Runs the pipeline; returns whether it came to an end of its own, good or bad."""
        # In a session of its own: a Ctrl-C at the terminal reaches it through this process alone, and once.
        with subprocess.Popen([*self._command, *arguments], start_new_session=True) as process:
            while process.poll() is None:
                if self.stop.wait(_POLL_SECONDS) and not self.cut_off:
                    process.send_signal(signal.SIGINT)
                    self.cut_off = True
                elif self.cut_off:
                    process.wait()
        self.status = process.returncode
        _tell(_OUTCOMES.get(self.status, f"the run ended with status {self.status}; waiting for the next data"))
        return self.status not in (BUSY, INTERRUPTED)


def _tell(text: str) -> None:
    typer.echo(f"{datetime.datetime.now():%Y-%m-%d %H:%M:%S} {text}")
    sys.stdout.flush()
