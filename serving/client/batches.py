"""Cutting many texts into requests: by number and by size, texts of like length together."""

from collections.abc import Iterator, Sequence

# What protobuf needs beside the bytes of a string: its tag and its length.
_OVERHEAD = 6


def length_batches(texts: Sequence[bytes], most_texts: int, most_bytes: int) -> Iterator[list[int]]:
    """Indices of the texts of each request, the shortest texts first.

    A text longer than `most_bytes` has a request to itself.

    Args:
      texts: encoded texts.
      most_texts: texts in a request.
      most_bytes: bytes of a request.
    """
    batch: list[int] = []
    size = 0
    for index in sorted(range(len(texts)), key=lambda index: len(texts[index])):
        needed = len(texts[index]) + _OVERHEAD
        if batch and (len(batch) == most_texts or size + needed > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(index)
        size += needed
    if batch:
        yield batch
