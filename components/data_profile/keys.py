"""Which pairs are alike, among any number: 32 bytes of each are put into a file to find out, and no text.

Keys are 63-bit hashes: among a billion different texts the odds that any two share one are 1 in 18.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from components.data_profile.parts import PARTS, PartRange, Run, read_parts
from components.data_profile.tally import EXAMPLES_SHOWN, FindingTally

# Kinds of findings: examples that repeat an earlier one of their split, and those whose source another split has.
IDENTICAL_PAIRS, SHARED_SOURCES = "identical_pairs", "shared_sources"

# Pairs whose keys are gathered before they are put into a file: 8 MB, and more than most shards of examples have.
_BUFFERED = 1 << 18

# Of the source and of the pair: its key, and the hash of the text to show for it.
_ENTRY = np.dtype([(name, np.int64) for name in ("source", "source_text", "pair", "pair_text")])

# Stands for the pair's key where there is no target; hashes are not negative.
_NO_PAIR = -1


def hash_of_texts(parts: Sequence[tf.Tensor]) -> np.ndarray:
    """Hashes, int64 [B], of texts that have one or more parts, each string [B]."""
    return tf.strings.to_hash_bucket_fast(tf.strings.join(parts, separator="\0\0"), np.iinfo(np.int64).max).numpy()


class KeyBuffer:
    """Gathers the keys of the pairs of one split."""

    def __init__(self):
        self._entries: list[np.ndarray] = []

    def add(self, sources: tuple[np.ndarray, np.ndarray], pairs: tuple[np.ndarray, np.ndarray] | None) -> None:
        """Adds keys with the hashes of the texts to show for them, all int64 [B]; of pairs, where there are targets."""
        entries = np.empty(len(sources[0]), _ENTRY)
        entries["source"], entries["source_text"] = sources
        entries["pair"], entries["pair_text"] = (_NO_PAIR, 0) if pairs is None else pairs
        self._entries.append(entries)

    def is_full(self) -> bool:
        """Whether it is time to take them."""
        return sum(map(len, self._entries)) >= _BUFFERED

    def take(self) -> list[bytes]:
        """Gives out the entries by part, and is empty then.

        The part is the lowest byte of the source's key: pairs that are alike have sources that are.
        """
        entries = np.concatenate([np.empty(0, _ENTRY), *self._entries])
        self._entries.clear()
        of_part = entries["source"].astype(np.uint8)
        # NumPy sorts bytes in linear time.
        entries = entries[np.argsort(of_part, kind="stable")]
        ends = np.cumsum(np.bincount(of_part, minlength=PARTS))
        return [part.tobytes() for part in np.split(entries, ends[:-1])]


def findings(parts: PartRange, runs: list[Run]) -> Iterator[tuple[tuple[str, str, str], FindingTally]]:
    """The findings in some parts: ((split, kind, other split or ""), tally with hashes of texts)."""
    for finding, tally in _tallies(_entries_of_splits(parts, runs)):
        if tally.count:
            yield finding, tally


def _entries_of_splits(parts: PartRange, runs: list[Run]) -> dict[str, np.ndarray]:
    contents: dict[str, list[bytes]] = {}
    for split, content in read_parts(parts, runs):
        contents.setdefault(split, []).append(content)
    return {split: np.frombuffer(b"".join(contents.pop(split)), _ENTRY) for split in list(contents)}


def _tallies(splits: dict[str, np.ndarray]) -> Iterator[tuple[tuple[str, str, str], FindingTally]]:
    for split, entries in splits.items():
        pairs = entries[entries["pair"] != _NO_PAIR]
        distinct = _Distinct(pairs["pair"], pairs["pair_text"])
        yield (split, IDENTICAL_PAIRS, ""), distinct.finding(distinct.counts > 1, distinct.counts - 1)
    sources = {split: _Distinct(entries["source"], entries["source_text"]) for split, entries in splits.items()}
    for split, other in itertools.permutations(sources, 2):
        distinct = sources[split]
        shared = np.isin(distinct.keys, sources[other].keys, assume_unique=True)
        yield (split, SHARED_SOURCES, other), distinct.finding(shared, distinct.counts)


class _Distinct:
    """The different keys of one split, in order, how often each occurs, and the smallest hash of a text of each."""

    def __init__(self, keys: np.ndarray, texts: np.ndarray):
        order = np.lexsort((texts, keys))
        self.keys, first, self.counts = np.unique(keys[order], return_index=True, return_counts=True)
        self._texts = texts[order][first]

    def finding(self, found: np.ndarray, counted: np.ndarray) -> FindingTally:
        shown = np.flatnonzero(found)[:EXAMPLES_SHOWN]
        sample = list(zip(self.keys[shown].tolist(), self._texts[shown].tolist(), strict=True))
        return FindingTally(int(counted[found].sum()), sample)
