"""Reading sources: plain lines, or JSON objects that hold a text."""

import collections
import contextlib
import glob
import gzip
import itertools
import json
import os
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems

from components.example_gen.files import find_files, full_pattern, open_input, strip_line_end
from components.example_gen.rows import MAX_BYTES
from components.prediction.job import InputFile, Settings, Stretch
from serving.client.translation import encode_text

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class InputError(ValueError):
    """Input that cannot be read; the message names the file, and the line where it is about one."""


class Source(NamedTuple):
    """One source.

    Attributes:
      number: of its line, from 1, when the lines of all files are counted through.
      text: UTF-8, perhaps invalid, as the model is given it.
      line: the line as it was read, without its end.
      id: what the object says it is, where that was asked for.
    """

    number: int
    text: bytes
    line: bytes
    id: str | int | None = None


class RawLine(NamedTuple):
    """A line with its end, its number in the file, from 1, and the unpacked bytes before it."""

    number: int
    offset: int
    content: bytes


def find_inputs(patterns: list[str]) -> list[InputFile]:
    """The files that paths or globs name, in the order of these, those of a glob by name.

    Raises:
      InputError: one matches no file, or a file is named twice.
    """
    found = []
    for pattern in patterns:
        if FileSystems.get_scheme(pattern) is not None:
            wanted = pattern
        elif os.path.isdir(pattern):
            raise InputError(f"{pattern} is a folder: name its files, as in {os.path.join(pattern, '*')}")
        elif os.path.exists(pattern):
            # Whatever its name has that looks like a glob.
            wanted = glob.escape(os.path.abspath(pattern))
        else:
            wanted = full_pattern(".", pattern)
        files = find_files(wanted)
        if not files:
            raise InputError(f"no files match {pattern}")
        found += map(_input, files)
    for path, times in collections.Counter(file.path for file in found).items():
        if times > 1:
            raise InputError(f"{path} is named more than once")
    return found


def read_raw_lines(path: str, offset: int = 0, number: int = 1) -> Iterator[RawLine]:
    """Lines of a file, unpacked where its name ends in .gz, from an offset on; LF alone ends a line.

    Raises:
      InputError: the file cannot be read, or a line has more than MAX_BYTES.
    """
    with _errors_named(path), open_input(path) as stream:
        stream.seek(offset)
        for line_number in itertools.count(number):
            content = _read_line(stream, path, line_number)
            if not content:
                return
            yield RawLine(line_number, offset, content)
            offset += len(content)


def read_sources(stretch: Stretch, first: int, settings: Settings) -> Iterator[Source]:
    """The sources of a stretch, the first of which has this number.

    Raises:
      InputError: the file cannot be read, or one of its lines holds no source.
    """
    lines = read_raw_lines(stretch.path, stretch.offset, stretch.line)
    with contextlib.closing(lines):
        for number, line in enumerate(itertools.islice(lines, stretch.count), first):
            yield parse(stretch.path, line, number, settings)


def parse(path: str, raw: RawLine, number: int, settings: Settings) -> Source:
    """The source on a line of a file.

    Raises:
      InputError: the line is no JSON object, where one is wanted, or lacks a key, or has one that the output adds.
    """
    content = raw.content.removeprefix(_BYTE_ORDER_MARK) if raw.offset == 0 else raw.content
    line = strip_line_end(content)
    if settings.input_format == "text":
        return Source(number, line, line)
    try:
        found = _object(line)
        text = _value(found, settings.field, str, "a text")
        name = None if settings.id_field is None else _value(found, settings.id_field, (str, int), "a text or a number")
        clash = next((key for key in settings.added_keys() if key in found), None)
        if clash:
            raise ValueError(f"key {clash!r} is there already, but is what the output adds")
    except ValueError as error:
        raise InputError(f"{path}:{raw.number}: {error}") from error
    return Source(number, encode_text(text), line, name)


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start + 1} (0x{line[error.start]:02x}) is not valid UTF-8") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"the line is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"the line is {json.dumps(found)[:40]}, wanted an object")
    return found


def _value(found: dict[str, Any], key: str, kinds: type | tuple[type, ...], wanted: str) -> Any:
    if key not in found:
        raise ValueError(f"key {key!r} is missing: there are {', '.join(map(repr, found)) or 'none'}")
    value = found[key]
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise ValueError(f"{key!r} is {json.dumps(value)[:40]}, wanted {wanted}")
    return value


def _read_line(stream: BinaryIO, path: str, number: int) -> bytes:
    # Room for the line's end and a byte-order mark.
    limit = MAX_BYTES + 8
    content = stream.readline(limit)
    if len(content) == limit:
        raise InputError(f"{path}:{number}: there are more than {MAX_BYTES:,} bytes")
    return content


@contextlib.contextmanager
def _errors_named(path: str) -> Iterator[None]:
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path}: not a whole gzip file: {error}") from error
    except (OSError, BeamIOError) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or error}") from error


def _input(file) -> InputFile:
    return InputFile(path=file.path, size=file.size_in_bytes, changed=file.last_updated_in_seconds)
