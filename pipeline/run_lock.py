"""One run of a task at a time: a lock on a file of its workspace, which the system gives back when its holder dies."""

import contextlib
import datetime
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

# Exit status of a command that found the lock held.
BUSY = 4


class BusyError(RuntimeError):
    """Somebody else holds the lock; the message says who."""


@contextlib.contextmanager
def only_one(path: Path, task: str, doing: str) -> Iterator[None]:
    """Holds a lock in the block.

    Args:
      path: file of the lock; it stays, with the name of the last holder.
      task: name of the task.
      doing: what is done in the block, as in "run".

    Raises:
      BusyError: another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise BusyError(f"task {task} is being {doing} by {holder}: wait for it, or stop it") from error
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()} since {datetime.datetime.now():%Y-%m-%d %H:%M:%S}")
        file.flush()
        yield
