"""Logs of served requests: JSON Lines, one object a line with the key `text`, and whatever else."""

import functools
import json
from collections.abc import Iterator, Sequence

from components.data_profile.batch import PairSource
from components.data_profile.tally import Pair
from components.example_gen.files import find_files, full_pattern, open_input, read_lines
from components.example_gen.rows import RowError, decode

TEXT_KEY = "text"


class LogError(ValueError):
    """A log that cannot be read; the message, on one line, names file and line."""


def served_texts(pattern: str, slice_keys: Sequence[str]) -> PairSource:
    """The texts of all logs as Pairs without targets; gzipped files (.gz) are unpacked.

    Args:
      pattern: glob of the logs.
      slice_keys: keys whose values are kept where a line has them; a number is written out.

    Raises:
      LogError: no file matches. While they are read: a line is no JSON object, or its `text` is no string.
    """
    paths = [file.path for file in find_files(full_pattern(".", pattern))]
    if not paths:
        raise LogError(f"no files match {pattern}")
    return PairSource(paths, functools.partial(_read, slice_keys=list(slice_keys)))


def _read(path: str, slice_keys: list[str]) -> Iterator[Pair]:
    with open_input(path) as stream:
        for number, line in enumerate(read_lines(stream), 1):
            if not line.strip():
                continue
            try:
                yield _pair(line, slice_keys)
            except (RowError, ValueError) as error:
                raise LogError(f"{path}:{number}: {error}") from error


def _pair(line: bytes, slice_keys: list[str]) -> Pair:
    try:
        request = json.loads(decode(line))
    except json.JSONDecodeError as error:
        raise ValueError(f"there is no JSON: {error}") from error
    if not isinstance(request, dict) or not isinstance(request.get(TEXT_KEY), str):
        raise ValueError(f"wanted an object with the key {TEXT_KEY!r} and a string, found {line[:80]!r}")
    slices = {key: str(request[key]).encode() for key in slice_keys if isinstance(request.get(key), str | int)}
    return Pair(request[TEXT_KEY].encode("utf-8", errors="replace"), None, slices)
