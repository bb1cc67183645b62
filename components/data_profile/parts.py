"""Grouping by files, for what grows with the pairs: an engine may hold all that it groups in memory.

Whoever reads pairs writes runs into a file of its own: what belongs to part 0, to part 1, and so on, so that some parts
that follow one another are one range of each run. The engine gets to know no more than where the runs are.
"""

import functools
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

# What is alike is in the same part. A part of all runs is read at once.
PARTS = 256

# Parts that together have no more bytes are read at once: few pairs are one range of each run, not 256.
_READ_AT_ONCE = 16 << 20

# In a bucket a range is waited for much longer than it takes to come.
_READERS = 16

# The first of some parts, and the one after the last.
PartRange = tuple[int, int]


class Run(NamedTuple):
    """Where parts of a split stand in a file, one after the other; `bounds` are offsets, int64 [PARTS + 1]."""

    split: str
    path: str
    bounds: np.ndarray


class RunFile:
    """A new file for the runs of a split; they are there when it is closed."""

    def __init__(self, folder: str, split: str):
        self._split = split
        self._path = FileSystems.join(folder, uuid.uuid4().hex)

    def __enter__(self) -> "RunFile":
        self._stream = FileSystems.create(self._path, compression_type=CompressionTypes.UNCOMPRESSED)
        self._end = 0
        return self

    def __exit__(self, *raised: Any) -> None:
        self._stream.close()

    def write(self, parts: Sequence[bytes]) -> Run:
        """Writes a run of PARTS parts, any of which may be empty."""
        bounds = np.cumsum([self._end, *map(len, parts)])
        self._stream.write(b"".join(parts))
        self._end = int(bounds[-1])
        return Run(self._split, self._path, bounds)


class ReadParts(beam.PTransform):
    """From Runs to what a function gives out of some parts of all of them, for all parts.

    The function takes a PartRange and the Runs.
    """

    def __init__(self, give: Callable[[PartRange, list[Run]], Iterator[Any]]):
        super().__init__()
        self._give = give

    def expand(self, runs: beam.PCollection) -> beam.PCollection:
        all_runs = beam.pvalue.AsList(runs)
        return (
            runs.pipeline
            | beam.Impulse()
            | "Plan" >> beam.FlatMap(lambda _, runs: plan(runs), all_runs)
            | beam.Reshuffle()
            | "Give" >> beam.FlatMap(self._give, all_runs)
        )


def plan(runs: list[Run]) -> Iterator[PartRange]:
    """Which parts are read at once: as many as are small together, or a single one."""
    sizes = np.sum([np.diff(run.bounds) for run in runs], axis=0) if runs else np.zeros(PARTS, np.int64)
    first = size = 0
    for part, more in enumerate(sizes.tolist()):
        if size and size + more > _READ_AT_ONCE:
            yield first, part
            first, size = part, 0
        size += more
    if size:
        yield first, PARTS


def read_parts(parts: PartRange, runs: list[Run]) -> Iterator[tuple[str, bytes]]:
    """Reads some parts of all runs, each with the name of its split."""
    with futures.ThreadPoolExecutor(_READERS) as readers:
        contents = readers.map(functools.partial(_read, parts), runs)
        yield from zip((run.split for run in runs), contents, strict=True)


def _read(parts: PartRange, run: Run) -> bytes:
    start, end = (int(run.bounds[part]) for part in parts)
    if start == end:
        return b""
    with FileSystems.open(run.path, compression_type=CompressionTypes.UNCOMPRESSED) as stream:
        stream.seek(start)
        return stream.read(end - start)
