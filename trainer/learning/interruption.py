"""Ctrl-C and SIGTERM: a training is left where its state is whole, so that it can be saved first."""

import signal
import threading

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class InterruptionError(Exception):
    """Raised by `Interruption.check` after a signal."""


class Interruption:
    """While it is entered, the first signal is kept for `check`; a second one does at once what it did before.

    Signals can be caught in a process's main thread alone; elsewhere they do what they did before. So they do where
    they are ignored, as in a background job of a shell.
    """

    def __init__(self):
        self._signal: int | None = None
        self._before = {}

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._keep)
        return self

    def __exit__(self, *_):
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def check(self) -> None:
        """Raises InterruptionError where a signal has come."""
        if self._signal is not None:
            raise InterruptionError(signal.Signals(self._signal).name)

    def deliver(self) -> None:
        """Lets the signal do what it did before: SIGINT raises KeyboardInterrupt, SIGTERM ends the process."""
        number = self._signal
        self._restore()
        signal.raise_signal(number)

    def _keep(self, number: int, _) -> None:
        if self._signal is not None:
            self._signal = number
            self.deliver()
        self._signal = number
