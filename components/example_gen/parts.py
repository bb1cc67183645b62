"""Parts of the training split: what came of one pattern in one span, in files of its own and with a digest."""

import collections
import hashlib
import os
from typing import NamedTuple

from components.config.data import TRAIN_SPLIT
from components.example_gen.files import open_input
from components.example_gen.tally import TALLY_FILE, Tally


class Part(NamedTuple):
    """A part of the training split.

    Attributes:
      pattern: glob of its files.
      digest: SHA-256, as hex, of what its examples are; how files are called, or ordered, makes no difference.
    """

    pattern: str
    digest: str


class ExamplesDigest:
    """SHA-256 of serialized examples in their order."""

    def __init__(self):
        self._digest = hashlib.sha256()

    def add(self, example: bytes) -> None:
        """Takes the next example in."""
        self._digest.update(len(example).to_bytes(8, "big"))
        self._digest.update(example)

    def hex(self) -> str:
        """The digest of those so far, as hex."""
        return self._digest.hexdigest()


def part_name(part: int) -> str:
    """What the names of a part's files begin with, up to the hyphen before their number."""
    return f"part-{part}"


def read_parts(examples: str) -> list[Part]:
    """The parts that have examples; none where they were not kept apart.

    Args:
      examples: folder of what ParallelTextExampleGen wrote.
    """
    with open_input(os.path.join(examples, TALLY_FILE)) as stream:
        tally = Tally.from_json(stream.read().decode())
    of_files = collections.defaultdict(list)
    for part, digest in tally.digests:
        of_files[part].append(digest)
    folder = os.path.join(examples, f"Split-{TRAIN_SPLIT}")
    return [
        Part(
            os.path.join(folder, f"{part_name(part)}-*"), hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()
        )
        for part, digests in sorted(of_files.items())
    ]
