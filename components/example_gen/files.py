"""Files on any file system that Beam knows: found, opened, and read line by line."""

import contextlib
import glob
import gzip
import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from apache_beam.io.filesystem import CompressionTypes, FileMetadata
from apache_beam.io.filesystems import FileSystems

from components.example_gen.rows import MAX_BYTES

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def full_pattern(base: str, pattern: str) -> str:
    """A glob below a folder, which is taken literally; on the local file system it is absolute."""
    if FileSystems.get_scheme(base) is None:
        base = os.path.abspath(base)
    return FileSystems.join(glob.escape(base), pattern)


def find_lines(base: str, patterns: str) -> list[FileMetadata]:
    """Files that any of the globs below a folder matches, which stand one to a line, in the order of these."""
    return [file for pattern in patterns.split("\n") for file in find_files(full_pattern(base, pattern))]


def find_files(pattern: str) -> list[FileMetadata]:
    """Files that a glob matches, ordered by path; `*` and `?` stay within a folder, `**` goes below it."""
    [match] = FileSystems.match([pattern])
    return sorted(match.metadata_list, key=lambda file: file.path)


def input_fingerprint(base: str, patterns: Iterable[tuple[str, str]]) -> str:
    """A line per file with its size and the time of its last change.

    Args:
      base: folder of the files.
      patterns: globs below it, without {SPAN}, one or more to a line, each with a name that its lines begin with.
    """
    return "\n".join(
        f"{name} {file.path} {file.size_in_bytes} {file.last_updated_in_seconds!r}"
        for name, pattern in patterns
        for file in find_lines(base, pattern)
    )


@contextlib.contextmanager
def open_input(path: str) -> Iterator[BinaryIO]:
    """Opens a file as a stream of bytes, unpacked if its name ends in .gz."""
    # Beam's own unpacking takes a file that was cut off for a whole one.
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as raw:
        if path.endswith(".gz"):
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield unpacked
        else:
            yield raw


def read_raw_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines with their ends (LF alone ends a line), without a byte-order mark at the start of the file.

    Of a line that is too long just so much is given that its length shows it.
    """
    # Room for a line end and a byte-order mark.
    limit = MAX_BYTES + 8
    mark = _BYTE_ORDER_MARK
    while line := stream.readline(limit):
        if len(line) == limit:
            _skip_rest(stream, line)
        yield line.removeprefix(mark)
        mark = b""


def read_lines(stream: BinaryIO) -> Iterator[bytes]:
    """As `read_raw_lines`, without the ends: LF, or CR and LF."""
    return map(strip_line_end, read_raw_lines(stream))


def strip_line_end(line: bytes) -> bytes:
    """The line without the LF, or one CR and the LF, at its end."""
    if line.endswith(b"\r\n"):
        return line[:-2]
    return line.removesuffix(b"\n")


def _skip_rest(stream: BinaryIO, line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = stream.readline(MAX_BYTES)
