"""Which files are read, in which order, and for which entry of `data.inputs`."""

import collections
import dataclasses
import logging
from collections.abc import Sequence

from components.example_gen.files import find_files, full_pattern
from components.example_gen.rows import DataError

_LOGGER = logging.getLogger("seq2seq.example_gen")


@dataclasses.dataclass(frozen=True)
class InputFiles:
    """One file, or two that are read in step.

    Attributes:
      order: its place in the order of reading.
      entry: index of the entry of `data.inputs` that it belongs to.
      part: number of the glob that it was found by, of all globs: an entry has one for each span.
      paths: the file; in format aligned that of the sources and that of the targets.
    """

    order: int
    entry: int
    part: int
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
    first_part = 0
    for entry, patterns in enumerate(entry_patterns):
        globs = [" and ".join(full_pattern(base, line) for line in pattern.split("\n")) for pattern in patterns]
        parts = [[find_files(full_pattern(base, line)) for line in pattern.split("\n")] for pattern in patterns]
        files = [[file.path for part in of_pattern for file in part] for of_pattern in parts]
        for glob, paths in zip(globs, files, strict=True):
            if not paths:
                raise DataError(f"no files match {glob} (data.inputs.{entry})")
            if len(paths) != len(files[0]):
                raise DataError(f"{globs[0]} matches {len(files[0])} files, but {glob} matches {len(paths)}")
        numbers = [number for number, part in enumerate(parts[0], first_part) for _ in part]
        first_part += len(parts[0])
        found += [
            InputFiles(order, entry, part, paths)
            for order, (part, paths) in enumerate(zip(numbers, zip(*files, strict=True), strict=True), len(found))
        ]
    times = collections.Counter(inputs.paths for inputs in found)
    for paths in (paths for paths, count in times.items() if count > 1):
        _LOGGER.warning("%s is read %d times, as data.inputs say", " and ".join(paths), times[paths])
    return found
