"""The generation of TFX that is installed, and what differs between the two. Nothing of TFX is imported for it."""

import sys
from importlib import metadata

_LIBRARIES = {"TensorFlow": "tensorflow", "Keras": "keras", "Beam": "apache-beam"}


def generation() -> str:
    """The generation, as the first two numbers of TFX's version: 1.16 or 1.21."""
    return metadata.version("tfx").rpartition(".")[0]


def versions() -> str:
    """Versions of this package, of TFX, and of what TFX's generation ties down, in one line."""
    libraries = [f"{name} {metadata.version(package)}" for name, package in _LIBRARIES.items()]
    python = ".".join(str(number) for number in sys.version_info[:3])
    return (
        f"tfx-seq2seq {metadata.version('tfx-seq2seq')} on TFX {metadata.version('tfx')}"
        f" ({', '.join([*libraries, f'Python {python}'])})"
    )


def direct_runner_arguments() -> list[str]:
    """What Beam is told to run a pipeline in the process that makes it.

    In the older generation Beam does so by itself. From 2.68 on it first tries to fetch another runner, Prism, from the
    internet, and runs what it can on that.
    """
    return [] if generation() == "1.16" else ["--runner=FnApiRunner"]


def flink_versions() -> tuple[str, ...]:
    """The versions of Flink that there are job servers of this Beam for."""
    return ("1.17", "1.18", "1.19") if generation() == "1.16" else ("1.19", "1.20", "2.0", "2.1", "2.2")
