"""Ingestion of parallel text: files of pairs to splits of tf.Examples."""

from typing import Any


def __getattr__(name: str) -> Any:
    # Beam's workers import this package for its DoFns alone, and must not wait 20 seconds for TFX.
    if name == "ParallelTextExampleGen":
        from components.example_gen.component import ParallelTextExampleGen

        return ParallelTextExampleGen
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
