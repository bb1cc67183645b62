"""The peak of resident memory while something runs."""

import contextlib
import threading
from collections.abc import Iterator

import psutil

_SAMPLE_SECONDS = 0.1


class PeakMemory:
    """Highest resident memory, in bytes, of this process and its children, sampled ten times a second."""

    def __init__(self):
        self._process = psutil.Process()
        self._stopped = threading.Event()
        self.bytes = 0

    def sample(self) -> None:
        """Takes one sample."""
        total = self._process.memory_info().rss
        for child in self._process.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                total += child.memory_info().rss
        self.bytes = max(self.bytes, total)

    def run(self) -> None:
        """Samples until stopped."""
        while not self._stopped.wait(_SAMPLE_SECONDS):
            self.sample()

    def stop(self) -> None:
        """Ends `run`."""
        self._stopped.set()


@contextlib.contextmanager
def peak_memory() -> Iterator[PeakMemory]:
    """Measures the block inside; the figure is complete when the block has ended."""
    meter = PeakMemory()
    meter.sample()
    thread = threading.Thread(target=meter.run, name="peak-memory", daemon=True)
    thread.start()
    try:
        yield meter
    finally:
        meter.stop()
        thread.join()
        meter.sample()
