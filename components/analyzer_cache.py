"""What Transform has counted in parts of the training split, kept for later runs under keys of what it depends on."""

import collections
import hashlib
import io
import json
import logging
import zipfile
from collections.abc import Collection, Iterable
from importlib import metadata
from typing import Any

import tensorflow as tf

from components.example_gen.parts import Part

_LOGGER = logging.getLogger("seq2seq.transform")

_SUFFIX = ".zip"


def analysis_keys(parts: Iterable[Part], settings: dict[str, Any]) -> dict[str, str]:
    """The key of what is counted in each part, by the pattern of its files.

    Other examples, settings, code or versions of TensorFlow give another key, other names of files do not. Parts with
    the same examples have keys of their own: they count as often as they are there.

    Args:
      parts: of the training split.
      settings: of the texts, and the fingerprint of the code.
    """
    common = json.dumps([settings, tf.__version__, metadata.version("tensorflow-transform")], sort_keys=True)
    times: collections.Counter[str] = collections.Counter()
    keys = {}
    for part in parts:
        key = hashlib.sha256(f"{part.digest}{common}".encode()).hexdigest()
        keys[part.pattern] = f"{key}-{times[key]}"
        times[key] += 1
    return keys


class AnalyzerCache:
    """A folder of entries, each an archive of files; an entry is there as a whole or not at all.

    Args:
      path: the folder, local or on a file system that TensorFlow knows.
    """

    def __init__(self, path: str):
        self._path = path

    def unpack(self, keys: Iterable[str], folder: str) -> set[str]:
        """Writes the files of entries into a folder, each entry into one below it that has its key for a name.

        An entry that cannot be read, or is damaged, is told, and taken for one that is not there.

        Returns:
          The keys that there are entries of.
        """
        return {key for key in keys if self._unpack(key, f"{folder}/{key}")}

    def _unpack(self, key: str, folder: str) -> bool:
        archive = self._file(key)
        try:
            files = _read(archive)
        except tf.errors.NotFoundError:
            return False
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, tf.errors.OpError) as error:
            _LOGGER.warning("%s cannot be read and is left out: %s: %s", archive, type(error).__name__, error)
            return False
        tf.io.gfile.makedirs(folder)
        for name, content in files.items():
            with tf.io.gfile.GFile(f"{folder}/{name}", "wb") as file:
                file.write(content)
        return True

    def pack(self, keys: Iterable[str], folder: str) -> None:
        """Makes entries of the folders below a folder that have these names; of keys without a folder there is none."""
        tf.io.gfile.makedirs(self._path)
        for key in filter(lambda key: tf.io.gfile.isdir(f"{folder}/{key}"), keys):
            content = io.BytesIO()
            with zipfile.ZipFile(content, "w") as archive:
                for name in tf.io.gfile.listdir(f"{folder}/{key}"):
                    with tf.io.gfile.GFile(f"{folder}/{key}/{name}", "rb") as file:
                        archive.writestr(name, file.read())
            # A file under its final name is always whole: it gets that name after the last byte is written.
            unfinished = f"{self._file(key)}.unfinished"
            with tf.io.gfile.GFile(unfinished, "wb") as file:
                file.write(content.getvalue())
            tf.io.gfile.rename(unfinished, self._file(key), overwrite=True)

    def keep(self, keys: Collection[str]) -> None:
        """Removes all entries but these."""
        for name in tf.io.gfile.listdir(self._path):
            if name.removesuffix(_SUFFIX) not in keys:
                tf.io.gfile.remove(f"{self._path}/{name}")

    def _file(self, key: str) -> str:
        return f"{self._path}/{key}{_SUFFIX}"


def _read(path: str) -> dict[str, bytes]:
    """Files of an archive by their names; reading one to its end checks it."""
    with tf.io.gfile.GFile(path, "rb") as file:
        content = io.BytesIO(file.read())
    with zipfile.ZipFile(content) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
