"""Which files are read, in which order, and for which entry of `data.inputs`."""

import collections
import dataclasses
import logging
from collections.abc import Sequence

from components.example_gen.files import find_lines, full_pattern
from components.example_gen.rows import DataError

_LOGGER = logging.getLogger("seq2seq.example_gen")


@dataclasses.dataclass(frozen=True)
class InputFiles:
    """One file, or two that are read in step.

    Attributes:
      order: its place in the order of reading.
      entry: index of the entry of `data.inputs` that it belongs to.
      paths: the file; in format aligned that of the sources and that of the targets.
    """

    order: int
    entry: int
    paths: tuple[str, ...]


def find_inputs(base: str, entry_patterns: Sequence[Sequence[str]]) -> list[InputFiles]:
    """The files to read, in order: by entry, then by path.

    Args:
      base: folder of the files.
      entry_patterns: for each entry of `data.inputs` its globs below the folder: one, or that of the sources and that
        of the targets; where there are several of either they stand one to a line.

    Raises:
      DataError: a pattern matches no files, or not as many as the other one of its entry.
    """
    found: list[InputFiles] = []
    for entry, patterns in enumerate(entry_patterns):
        globs = [" and ".join(full_pattern(base, line) for line in pattern.split("\n")) for pattern in patterns]
        files = [[file.path for file in find_lines(base, pattern)] for pattern in patterns]
        for glob, paths in zip(globs, files, strict=True):
            if not paths:
                raise DataError(f"no files match {glob} (data.inputs.{entry})")
            if len(paths) != len(files[0]):
                raise DataError(f"{globs[0]} matches {len(files[0])} files, but {glob} matches {len(paths)}")
        found += [InputFiles(len(found) + place, entry, paths) for place, paths in enumerate(zip(*files, strict=True))]
    times = collections.Counter(inputs.paths for inputs in found)
    for paths in (paths for paths, count in times.items() if count > 1):
        _LOGGER.warning("%s is read %d times, as data.inputs say", " and ".join(paths), times[paths])
    return found
