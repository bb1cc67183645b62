"""The folder of numbered versions wherever it is: on a mounted file system, or in a bucket, which cannot rename."""

import os
import time
from pathlib import Path

from tfx.dsl.io import fileio
from tfx.utils import io_utils

from components import model_versions

_SAVED_MODEL = "saved_model.pb"


def is_mounted(folder: str) -> bool:
    """Whether a folder is a path of this machine's file system; else it is in a bucket, as gs://BUCKET/PATH."""
    return "://" not in folder


def versions(folder: str) -> list[int]:
    """Numbers of all versions in a folder, rising; none where it is missing."""
    if not fileio.isdir(folder):
        return []
    names = [name.rstrip("/") for name in fileio.listdir(folder)]
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())


def push(model: str, folder: str) -> str:
    """Adds a model as the newest version, unless that is the very same model already.

    In a bucket files appear one by one; saved_model.pb, without which no server takes a folder for a model, comes last.

    Args:
      model: folder of a SavedModel.
      folder: of the versions; created where it is missing.

    Returns:
      Path of the version.

    Raises:
      OSError: the model cannot be read, or the folder cannot be written.
    """
    known = versions(folder)
    if known and _are_equal(model, newest := os.path.join(folder, str(known[-1]))):
        return newest
    if is_mounted(folder):
        return str(model_versions.add_version(Path(model), Path(folder)))
    version = os.path.join(folder, str(max(int(time.time()), known[-1] + 1 if known else 0)))
    _copy_to_bucket(model, version)
    return version


def _copy_to_bucket(model: str, version: str) -> None:
    if not fileio.exists(os.path.join(model, _SAVED_MODEL)):
        raise FileNotFoundError(f"{model} has no {_SAVED_MODEL}")
    try:
        io_utils.copy_dir(model, version, deny_regex_patterns=[rf"/{_SAVED_MODEL.replace('.', '[.]')}$"])
        io_utils.copy_file(os.path.join(model, _SAVED_MODEL), os.path.join(version, _SAVED_MODEL))
    except BaseException:  # Ctrl-C too
        if fileio.exists(version):
            fileio.rmtree(version)
        raise


def _are_equal(one: str, other: str) -> bool:
    """Whether two folders have the same files, byte by byte."""
    return _files(one) == _files(other) and all(
        _read(os.path.join(one, name)) == _read(os.path.join(other, name)) for name in _files(one)
    )


def _files(folder: str) -> list[str]:
    return sorted(
        os.path.relpath(os.path.join(path, name), folder) for path, _, names in fileio.walk(folder) for name in names
    )


def _read(path: str) -> bytes:
    with fileio.open(path, "rb") as file:
        return file.read()
