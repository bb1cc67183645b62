"""Which pairs are alike, among any number: 16 bytes of each are kept to find out, and no text.

Keys are 63-bit hashes: among a billion different texts the odds that any two share one are 1 in 18.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import tensorflow as tf

from components.data_profile.tally import EXAMPLES_SHOWN, FindingTally

# Kinds of findings: examples that repeat an earlier one of their split, and those whose source another split has.
IDENTICAL_PAIRS, SHARED_SOURCES = "identical_pairs", "shared_sources"

# Pairs whose keys are gathered before they are cut into 256 buckets, by the lowest byte: keys are alike only within a
# bucket, and one worker holds a bucket.
_BUFFERED = 1 << 16

_ENTRY = np.dtype([("key", np.int64), ("text", np.int64)])

# Of a kind and a bucket: the split, and entries as bytes.
KeyedEntries = tuple[tuple[str, int], tuple[str, bytes]]


def hash_of_texts(parts: Sequence[tf.Tensor]) -> np.ndarray:
    """Hashes, int64 [B], of texts that have one or more parts, each string [B]."""
    return tf.strings.to_hash_bucket_fast(tf.strings.join(parts, separator="\0\0"), np.iinfo(np.int64).max).numpy()


class KeyBuffer:
    """Gathers the keys of the pairs of one split."""

    def __init__(self, split: str):
        self._split = split
        self._entries: dict[str, list[np.ndarray]] = {}

    def add(self, kind: str, keys: np.ndarray, texts: np.ndarray) -> None:
        """Adds keys with the hashes of the texts to show for them, both int64 [B]."""
        entries = np.empty(len(keys), _ENTRY)
        entries["key"], entries["text"] = keys, texts
        self._entries.setdefault(kind, []).append(entries)

    def is_full(self) -> bool:
        """Whether it is time to take them."""
        return any(sum(map(len, parts)) >= _BUFFERED for parts in self._entries.values())

    def take(self) -> Iterator[KeyedEntries]:
        """Gives them out by bucket, and is empty then."""
        for kind, parts in self._entries.items():
            entries = np.concatenate(parts)
            # NumPy sorts bytes in linear time.
            buckets = entries["key"].astype(np.uint8)
            entries = entries[np.argsort(buckets, kind="stable")]
            there, starts = np.unique(np.sort(buckets), return_index=True)
            for bucket, part in zip(there.tolist(), np.split(entries, starts[1:]), strict=True):
                yield (kind, bucket), (self._split, part.tobytes())
        self._entries.clear()


def findings(
    group: tuple[str, int], entries: Iterable[tuple[str, bytes]]
) -> Iterator[tuple[tuple[str, str, str], FindingTally]]:
    """The findings of one kind in one bucket: ((split, kind, other split or ""), tally with hashes of texts)."""
    for finding, tally in _tallies(group[0], entries):
        if tally.count:
            yield finding, tally


def _tallies(kind: str, entries: Iterable[tuple[str, bytes]]) -> Iterator[tuple[tuple[str, str, str], FindingTally]]:
    parts: dict[str, list[bytes]] = {}
    for split, part in entries:
        parts.setdefault(split, []).append(part)
    splits = {split: _Distinct(np.frombuffer(b"".join(all_parts), _ENTRY)) for split, all_parts in parts.items()}
    if kind == IDENTICAL_PAIRS:
        for split, distinct in splits.items():
            yield (split, kind, ""), distinct.finding(distinct.counts > 1, distinct.counts - 1)
    else:
        for split, other in itertools.permutations(splits, 2):
            distinct = splits[split]
            shared = np.isin(distinct.keys, splits[other].keys, assume_unique=True)
            yield (split, kind, other), distinct.finding(shared, distinct.counts)


class _Distinct:
    """The different keys of one split, in order, how often each occurs, and the smallest hash of a text of each."""

    def __init__(self, entries: np.ndarray):
        order = np.lexsort((entries["text"], entries["key"]))
        self.keys, first, self.counts = np.unique(entries["key"][order], return_index=True, return_counts=True)
        self._texts = entries["text"][order][first]

    def finding(self, found: np.ndarray, counted: np.ndarray) -> FindingTally:
        shown = np.flatnonzero(found)[:EXAMPLES_SHOWN]
        sample = list(zip(self.keys[shown].tolist(), self._texts[shown].tolist(), strict=True))
        return FindingTally(int(counted[found].sum()), sample)
