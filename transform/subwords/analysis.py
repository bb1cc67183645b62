"""Vocabularies of subwords, learned over the whole training split on Beam, inside TFT's analysis.

Words are counted in each part of the split that is analyzed apart; its counts are what TFT's cache keeps of a part.
"""

import logging
import os
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import apache_beam as beam
import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform import analyzer_nodes, nodes

from serving.contract import SPECIAL_TOKENS
from transform.config import TextConfig
from transform.subwords.learning import learn_pieces
from transform.subwords.trie import PieceTrie, build_trie

_LOGGER = logging.getLogger("seq2seq.transform")

# What the learner, one process, is given: the most frequent words, each in parts of this many code points.
MOST_WORDS = 500_000
_LONGEST_WORD = 64


class Subwords(NamedTuple):
    """A vocabulary of subwords.

    Attributes:
        path: String [], the vocabulary's file: the special tokens, and then the pieces, one a line.
        trie: The pieces, ready to cut words.
    """

    path: tf.Tensor
    trie: PieceTrie


def learn_subwords(words: tf.Tensor, config: TextConfig, name: str) -> Subwords:
    """The vocabulary of pieces that all words are best cut into, in tensors that TFT fills in.

    See transform.subwords.learning for what it is made of. Words are counted on all workers; of different words, the
    MOST_WORDS most frequent ones, of equally frequent ones those whose bytes come last, are learned from. Characters
    are those of all words.

    Args:
        words: String [n].
        config: Its vocabulary_size and min_count decide which pieces are kept.
        name: Name of the vocabulary's file.
    """
    # What tft.experimental.ptransform_analyzer does; but that takes either all of the outputs for files, or none, and
    # allows of one alone where there is a cache.
    outputs = [
        analyzer_nodes.TensorInfo(tf.string, [], analyzer_nodes.TemporaryAssetInfo(_file_content([]), "text")),
        analyzer_nodes.TensorInfo(tf.int64, [None], None),
        analyzer_nodes.TensorInfo(tf.bool, [None], None),
    ]
    with tf.name_scope(f"{name}_words"):
        counts = nodes.apply_operation(
            analyzer_nodes.PTransform,
            analyzer_nodes.get_input_tensors_value_nodes([words]),
            ptransform=_CountWords(),
            output_tensor_info_list=[analyzer_nodes.TensorInfo(tf.string, [None], None)],
            is_partitionable=True,
            cache_coder=_WordCountCoder(),
        )
    with tf.name_scope(name):
        learned = nodes.apply_multi_output_operation(
            analyzer_nodes.PTransform,
            counts,
            ptransform=_LearnSubwords(config.vocabulary_size, config.min_count, name),
            output_tensor_info_list=outputs,
            is_partitionable=False,
        )
        path, edges, is_piece = (analyzer_nodes.wrap_as_tensor(output) for output in learned)
    return Subwords(path, PieceTrie(edges, is_piece))


class _CountWords(beam.PTransform):
    """Batches of words, (string [n],), to words and their counts, each word once."""

    def expand(self, batches):
        return batches | "CountWordsOfBatches" >> beam.FlatMap(_count_words) | "CountWords" >> beam.CombinePerKey(sum)

    def __repr__(self) -> str:
        # Part of the key in TFT's cache; Beam's own has the address of the object.
        return f"<{type(self).__name__}>"


class _WordCountCoder(tft.experimental.PTransformAnalyzerCacheCoder):
    """A word and its count as bytes: the count in decimal digits, a space, and the word."""

    def encode_cache(self, cache: tuple[str, int]) -> bytes:
        word, count = cache
        return f"{count} {word}".encode()

    def decode_cache(self, encoded_cache: bytes) -> tuple[str, int]:
        count, word = encoded_cache.decode().split(" ", 1)
        return word, int(count)


class _LearnSubwords(tft_beam.experimental.PTransformAnalyzer):
    """Words and their counts, a word once for each part, to the path of the vocabulary, and the arrays of its trie."""

    def __init__(self, size: int, min_count: int, name: str):
        super().__init__()
        self._size = size
        self._min_count = min_count
        self._name = name

    def expand(self, counts):
        words = counts | "SumOfParts" >> beam.CombinePerKey(sum)
        characters = (
            words
            | "CountCharactersOfWords" >> beam.FlatMap(_count_characters)
            | "CountCharacters" >> beam.CombinePerKey(sum)
            | "AllCharacters" >> beam.combiners.ToList()
        )
        most_frequent = words | "MostFrequentWords" >> beam.combiners.Top.Of(MOST_WORDS, key=_by_count)
        learned = most_frequent | "Learn" >> beam.FlatMap(
            _learn,
            beam.pvalue.AsSingleton(characters),
            self._size,
            self._min_count,
            os.path.join(self.base_temp_dir, self._name),
        ).with_outputs("path", "edges", "is_piece")
        return learned.path, learned.edges, learned.is_piece


def _count_words(batch: tuple[np.ndarray]) -> Iterator[tuple[str, int]]:
    counts: Counter[str] = Counter()
    for word, count in Counter(batch[0].tolist()).items():
        text = word.decode()
        for start in range(0, len(text), _LONGEST_WORD):
            counts[text[start : start + _LONGEST_WORD]] += count
    yield from counts.items()


def _count_characters(word_count: tuple[str, int]) -> Iterator[tuple[str, int]]:
    word, count = word_count
    for character in word:
        yield character, count


def _by_count(item: tuple[str, int]) -> tuple[int, str]:
    text, count = item
    return count, text


def _learn(
    words: list[tuple[str, int]], characters: list[tuple[str, int]], size: int, min_count: int, path: str
) -> Iterator[beam.pvalue.TaggedOutput]:
    pieces = learn_pieces(dict(words), dict(characters), size, min_count)
    name = os.path.basename(path)
    if len(words) == MOST_WORDS:
        _LOGGER.info("%s: learned from the %s most frequent words", name, f"{MOST_WORDS:,}")
    if len(pieces) < size:
        _LOGGER.info("%s: %s subwords, not %s: no others occur often enough", name, f"{len(pieces):,}", f"{size:,}")
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(_file_content(pieces))
    trie = build_trie(pieces)
    yield beam.pvalue.TaggedOutput("path", np.array(path))
    yield beam.pvalue.TaggedOutput("edges", trie.edges)
    yield beam.pvalue.TaggedOutput("is_piece", trie.is_piece)


def _file_content(pieces: list[str]) -> bytes:
    return "".join(f"{token}\n" for token in (*SPECIAL_TOKENS, *pieces)).encode()
