"""The peak of resident memory while something runs."""

import contextlib
import threading
from collections.abc import Iterator

import psutil

_SAMPLE_SECONDS = 0.1

# To find the children, all processes of the machine are read.
_SAMPLES_PER_SEARCH = 10


class PeakMemory:
    """Highest resident memory, in bytes, of this process and its children, sampled ten times a second.

    Children are looked for once a second: one that lives for less may be missed.
    """

    def __init__(self):
        self._process = psutil.Process()
        self._children: list[psutil.Process] = []
        self._stopped = threading.Event()
        self._samples = 0
        self.bytes = 0

    def sample(self) -> None:
        """Takes one sample."""
        if self._samples % _SAMPLES_PER_SEARCH == 0:
            self._children = self._process.children(recursive=True)
        self._samples += 1
        total = self._process.memory_info().rss
        for child in self._children:
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
