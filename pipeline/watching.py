"""Waiting for new data: the pipeline is run when the files that it would read have changed, and have come to rest."""

from collections.abc import Callable
from pathlib import Path

from components.config.data import DataConfig
from components.example_gen.files import input_fingerprint
from components.example_gen.rows import DataError
from components.example_gen.spans import resolve_spans
from components.whole_file import whole_file


class Watcher:
    """Runs a pipeline once for each state of its data.

    What was run last is kept in a file, so that a watch that is started again goes on from there. A run that fails
    counts as a run: the next one is for the next data.
    """

    def __init__(self, data: DataConfig, record: Path, run: Callable[[], bool], tell: Callable[[str], None]):
        """Makes a watcher.

        Args:
          data: where the files are.
          record: the file that says what was run last.
          run: runs the pipeline; whether it came to an end, good or bad. If not it is tried again.
          tell: shows a line.
        """
        self._data = data
        self._record = record
        self._run = run
        self._before: str | None = None
        self._show = tell
        self._told = ""

    def look(self) -> bool:
        """Looks at the files, and runs the pipeline where they are new and as they were at the last look.

        Returns:
          Whether the pipeline was run to an end.
        """
        patterns = self._data.patterns()
        try:
            resolved = resolve_spans(self._data.base, patterns, self._data.windows(), self._data.span)
        except DataError as error:
            # A part of a span may have arrived before the rest.
            self._before = None
            self._tell(f"waiting: {error}")
            return False
        state = input_fingerprint(self._data.base, zip(patterns, resolved.patterns, strict=True))
        name = resolved.newest or "the data"
        before, self._before = self._before, state
        if state == self.last_run():
            return False
        if state != before:
            self._tell(f"{name} is new: it is waited for until its files stay as they are")
            return False
        self._tell(f"{name} is complete")
        if not self._run():
            return False
        self._remember(state)
        return True

    def last_run(self) -> str:
        """The state of the data that was run last; empty before the first run."""
        return self._record.read_text(encoding="utf-8") if self._record.exists() else ""

    def _remember(self, state: str) -> None:
        with whole_file(self._record) as file:
            file.write_text(state, encoding="utf-8")

    def _tell(self, text: str) -> None:
        if text != self._told:
            self._show(text)
        self._told = text
