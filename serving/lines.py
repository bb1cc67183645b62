"""Lines of text: those of a file or a pipe, as many at a time as there are, and what is written on one."""

from collections.abc import Iterator
from typing import BinaryIO

_CHUNK_BYTES = 1 << 18
_LINE_BREAKS = bytes.maketrans(b"\r\n", b"  ")


def on_one_line(text: bytes) -> bytes:
    """The text with its line breaks made spaces, as it is written on a line."""
    return text.translate(_LINE_BREAKS)


def available_lines(stream: BinaryIO, most: int) -> Iterator[list[bytes]]:
    """Lines without their line ends (LF or CR LF), in groups.

    A group holds what has arrived, so that a slow writer gets an answer to each line, and a large file comes in few
    groups. A last line without line end is a line too.

    Args:
      stream: an unbuffered stream, or one that has `read1`.
      most: lines in a group.
    """
    read = getattr(stream, "read1", stream.read)
    rest: list[
        bytes
    ] = []  # of a line that has begun; joined once, so that a very long line costs no more than its length
    while chunk := read(_CHUNK_BYTES):
        first, *others = chunk.split(b"\n")
        rest.append(first)
        if not others:
            continue
        lines = [b"".join(rest), *others[:-1]]
        rest = [others[-1]]
        for start in range(0, len(lines), most):
            yield [line.removesuffix(b"\r") for line in lines[start : start + most]]
    if last := b"".join(rest):
        yield [last.removesuffix(b"\r")]
