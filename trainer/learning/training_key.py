"""What tells one training from another: a checkpoint is of use to the very same one alone."""

import hashlib
import json
import os
from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

_CHUNK = 1 << 20


def training_key(settings: dict[str, Any], files: dict[str, Iterable[str]]) -> str:
    """A name that changes with the settings, the files' names and contents, TensorFlow and Keras: 64 hex digits.

    Args:
        settings: What JSON can hold.
        files: Paths by what they are for. Their folders do not count: TFX gives data a new one at each execution.
    """
    digest = hashlib.sha256()
    versions = {"tensorflow": tf.__version__, "keras": keras.__version__}
    digest.update(json.dumps([settings, versions], sort_keys=True).encode())
    for purpose in sorted(files):
        for path in sorted(files[purpose]):
            digest.update(json.dumps([purpose, os.path.basename(path), _content(path)]).encode())
    return digest.hexdigest()


def _content(path: str) -> str:
    digest = hashlib.sha256()
    with tf.io.gfile.GFile(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
