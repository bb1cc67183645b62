"""The folder of numbered versions that a model server watches: a version is there as a whole, or not at all.

TensorFlow Serving takes each folder whose name is a number for a version, and serves the highest.
"""

import errno
import os
import re
import shutil
import socket
import tempfile
import time
from pathlib import Path

import psutil

# A model on its way in, hidden from the server by its name, which tells who writes it and since when.
_TEMPORARY = ".pushing-{seconds}-{process}-{host}-"
_TEMPORARY_PATTERN = re.compile(r"\.pushing-(?P<seconds>[0-9]+)-(?P<process>[0-9]+)-(?P<host>.+)-[^-]+")
_LONGEST_PUSH_SECONDS = 24 * 60 * 60

# Property of a push in ML Metadata: the id of the model that was pushed.
PUSHED_MODEL_ID = "pushed_model_id"

_HIGHEST_VERSION = 2**63 - 1  # of TensorFlow Serving


def newest_version(folder: Path) -> int | None:
    """The highest version in a folder; None where there is none, or no folder."""
    if not folder.is_dir():
        return None
    names = [path.name for path in folder.iterdir() if path.name.isascii() and path.name.isdigit()]
    return max((int(name) for name in names if int(name) <= _HIGHEST_VERSION), default=None)


def add_version(model: Path, folder: Path) -> Path:
    """Copies a model into a new version, which is the newest one from the instant it appears.

    What earlier calls left behind because they were killed is removed.

    Args:
      model: folder of a SavedModel.
      folder: of the versions; created where it is missing.

    Returns:
      The version's folder. Its name is the time in seconds since 1970, or one more than the newest version where that
      is not higher: the clock may have been set back, and two models may be pushed in one second.

    Raises:
      OSError: the model cannot be read, or the folder cannot be written; then no version was added.
      ValueError: no number is left above the newest version.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(folder)
    prefix = _TEMPORARY.format(seconds=int(time.time()), process=os.getpid(), host=socket.gethostname())
    temporary = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
    try:
        shutil.copytree(model, temporary, dirs_exist_ok=True)
        _write_to_disk(temporary)
        return _rename_to_next_version(temporary, folder)
    except BaseException:  # Ctrl-C too
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _rename_to_next_version(temporary: Path, folder: Path) -> Path:
    while True:
        number = max(int(time.time()), (newest_version(folder) or 0) + 1)
        if number > _HIGHEST_VERSION:
            raise ValueError(f"{folder} has version {_HIGHEST_VERSION}, the highest that TensorFlow Serving knows")
        version = folder / str(number)
        try:
            temporary.rename(version)
        except OSError as error:
            # Another process was faster and has taken the number.
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
        else:
            _sync(folder)
            return version


def _remove_leftovers(folder: Path) -> None:
    for path in folder.iterdir():
        temporary = _TEMPORARY_PATTERN.fullmatch(path.name)
        if temporary and _is_abandoned(int(temporary["seconds"]), int(temporary["process"]), temporary["host"]):
            shutil.rmtree(path, ignore_errors=True)


def _is_abandoned(seconds: int, process: int, host: str) -> bool:
    # Of a process on another machine that shares the folder only the time is known.
    is_gone = host == socket.gethostname() and not psutil.pid_exists(process)
    return is_gone or time.time() - seconds > _LONGEST_PUSH_SECONDS


def _write_to_disk(folder: Path) -> None:
    """Has all content on disk before the rename is, so that a power failure cannot leave a version without it."""
    for path, _, files in os.walk(folder):
        for name in files:
            _sync(Path(path, name))
        _sync(Path(path))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
