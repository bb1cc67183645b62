"""Sends the chatter of the libraries to a file, and leaves the terminal to what a person wants to see."""

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def chatter_to(path: Path) -> Iterator[None]:
    """Within the block all logging, warnings and standard error, C++ libraries' included, go to the file.

    Loggers below `seq2seq` reach the file as well as the handlers that they have been given. Standard output is left
    alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    sys.stderr.flush()
    terminal = os.dup(2)
    os.dup2(handler.stream.fileno(), 2)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            yield
    finally:
        sys.stderr.flush()
        os.dup2(terminal, 2)
        os.close(terminal)
        root.handlers = before
        root.setLevel(level)
        handler.close()
