"""Checkpoints on disk: one file each, there as a whole or not at all."""

import io
import json
import logging
import re
import zipfile
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

logger = logging.getLogger("seq2seq.trainer")

_FILE = re.compile(r"checkpoint-(\d{8})\.npz")
_FACTS = "facts"


class Checkpoint(NamedTuple):
    """What one checkpoint holds.

    Attributes:
        arrays: Arrays by their names.
        facts: What JSON can hold.
    """

    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]


class CheckpointFolder:
    """A folder of numbered checkpoints, each a NumPy archive, whose parts carry checksums.

    Args:
        path: The folder, local or on a file system that TensorFlow knows; it is made where it is missing.
        keep: How many of the newest are kept.
        writes: Whether this process writes; of several workers, one does.
    """

    def __init__(self, path: str, keep: int, writes: bool = True):
        self.path = path
        self._keep = keep
        self._writes = writes
        self._last = 0

    def write(self, checkpoint: Checkpoint) -> None:
        """Adds a checkpoint, and removes those that are too old."""
        if not self._writes:
            return
        tf.io.gfile.makedirs(self.path)
        facts = np.frombuffer(json.dumps(checkpoint.facts).encode(), np.uint8)
        content = io.BytesIO()
        np.savez(content, **checkpoint.arrays, **{_FACTS: facts})
        self._last += 1
        # A file under its final name is always whole: it gets that name after the last byte is written.
        unfinished = self._file("unfinished")
        with tf.io.gfile.GFile(unfinished, "wb") as file:
            file.write(content.getvalue())
        tf.io.gfile.rename(unfinished, self._file(f"checkpoint-{self._last:08d}.npz"), overwrite=True)
        for number in self._numbers()[: -self._keep]:
            tf.io.gfile.remove(self._file(f"checkpoint-{number:08d}.npz"))

    def newest(self) -> Checkpoint | None:
        """The newest checkpoint that can be read; None where there is none.

        What is damaged is told, and is written over by the next checkpoint.
        """
        for number in reversed(self._numbers()):
            file = self._file(f"checkpoint-{number:08d}.npz")
            try:
                checkpoint = _read(file)
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, tf.errors.OpError) as error:
                logger.warning(f"{file} is damaged and is left out: {type(error).__name__}: {error}")
                continue
            self._last = number
            return checkpoint
        return None

    def remove(self) -> None:
        """Removes the folder with all checkpoints."""
        if self._writes and tf.io.gfile.exists(self.path):
            tf.io.gfile.rmtree(self.path)

    def _numbers(self) -> list[int]:
        """Numbers of the checkpoints, the oldest first."""
        names = tf.io.gfile.listdir(self.path) if tf.io.gfile.isdir(self.path) else []
        return sorted(int(found[1]) for found in map(_FILE.fullmatch, names) if found)

    def _file(self, name: str) -> str:
        return f"{self.path}/{name}"


def _read(file: str) -> Checkpoint:
    with tf.io.gfile.GFile(file, "rb") as opened:
        content = io.BytesIO(opened.read())
    # Reading a part to its end checks it.
    with np.load(content, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return Checkpoint(arrays, json.loads(arrays.pop(_FACTS).tobytes()))
