"""Text to padded token ids and back, with the vocabulary's tables: what training, evaluation and serving share."""

import functools
from typing import NamedTuple

import tensorflow as tf

from serving.contract import END_ID, PAD_ID, SPECIAL_TOKENS, START_ID, UNKNOWN_ID
from transform.cleaning import REPLACEMENT, clean
from transform.config import TextConfig
from transform.subwords.trie import PieceTrie, build_trie
from transform.units import UNITS
from transform.units.subword import split_by

_BATCH_OF_TEXT = [tf.TensorSpec([None], tf.string)]


class SourceBatch(NamedTuple):
    """Source texts, ready for the encoder.

    Attributes:
        ids: int64 [B, S], the text's ids and END_ID, then PAD_ID.
        length: int64 [B], tokens of each text, the end token included.
        tokens: string [B, S], the tokens that `ids` stands for as they are in the text, known or not; "" after the end.
    """

    ids: tf.Tensor
    length: tf.Tensor
    tokens: tf.Tensor


class TargetBatch(NamedTuple):
    """Target texts, ready for teacher forcing.

    Attributes:
        input_ids: int64 [B, T], START_ID and the text's ids, then PAD_ID.
        output_ids: int64 [B, T], the text's ids and END_ID, then PAD_ID.
        length: int64 [B], tokens of each text, the end token included.
    """

    input_ids: tf.Tensor
    output_ids: tf.Tensor
    length: tf.Tensor


class Detokenized(NamedTuple):
    """What token ids say.

    Attributes:
        text: string [B].
        pieces: string [B, T], the vocabulary's tokens in their places; "" for PAD_ID and START_ID, and from END_ID on.
    """

    text: tf.Tensor
    pieces: tf.Tensor


class TextProcessor(tf.Module):
    """Text to ids and back for one side of the pairs. It owns the vocabulary's tables, and can be saved.

    Texts of a batch do not influence each other but for the padding.
    """

    def __init__(self, config: TextConfig, vocabulary_path: str):
        """Loads the vocabulary.

        Args:
            config: How text is cleaned, split and cut.
            vocabulary_path: One token a line, the special ones first.

        Raises:
            ValueError: Where the file does not begin with the special tokens.
        """
        super().__init__()
        self.config = config
        tokens = read_tokens(vocabulary_path)
        self.vocabulary_size = len(tokens)
        self._trie = None
        if config.unit == "subword":
            self._trie = build_trie(token.decode() for token in tokens[len(SPECIAL_TOKENS) :])
        self._ids = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(
                vocabulary_path,
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
            ),
            default_value=UNKNOWN_ID,
        )
        self._tokens = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(
                vocabulary_path,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
            ),
            default_value=SPECIAL_TOKENS[UNKNOWN_ID],
        )

    # A function of its own in the saved model, so that its tables are stored once for all signatures.
    @tf.function(input_signature=_BATCH_OF_TEXT, autograph=False)
    def pieces(self, text: tf.Tensor) -> tf.RaggedTensor:
        """Units, string [B, (n)], of text, string [B]: cut to the longest length allowed, no special tokens."""
        return truncate(segment(of_rank(text, 1), self.config, self._trie), self.config.max_length)

    def ids(self, text: tf.Tensor) -> tf.RaggedTensor:
        """Ids of the units, int64 [B, (n)], of text, string [B]: cut to the longest length allowed, no special ids."""
        return self._ids_of(self.pieces(text))

    def source(self, text: tf.Tensor) -> SourceBatch:
        """Source text, string [B], as the encoder reads it."""
        pieces = self.pieces(text)
        return SourceBatch(
            ids=with_end(self._ids_of(pieces), END_ID, PAD_ID),
            length=pieces.row_lengths() + 1,
            tokens=with_end(pieces, SPECIAL_TOKENS[END_ID], ""),
        )

    def target(self, text: tf.Tensor) -> TargetBatch:
        """Target text, string [B], as the decoder reads and writes it."""
        ids = self.ids(text)
        return TargetBatch(
            input_ids=with_start(ids, START_ID, PAD_ID),
            output_ids=with_end(ids, END_ID, PAD_ID),
            length=ids.row_lengths() + 1,
        )

    def detokenize(self, ids: tf.Tensor, unknown: tf.Tensor | None = None) -> Detokenized:
        """Text of ids, int64 [B, T], up to the first END_ID.

        Args:
            ids: The ids; for those out of range U+FFFD is written.
            unknown: String [B, T], what is written where UNKNOWN_ID is; U+FFFD where this is empty, and without it.
        """
        ended = tf.cumsum(tf.cast(ids == END_ID, tf.int32), axis=1) > 0
        written = ~(ended | (ids == PAD_ID) | (ids == START_ID))
        pieces = tf.where(written, self._tokens.lookup(ids), "")
        known = (ids >= len(SPECIAL_TOKENS)) & (ids < self.vocabulary_size)
        told = tf.where(known, pieces, chr(REPLACEMENT))
        if unknown is not None:
            told = tf.where((ids == UNKNOWN_ID) & (unknown != ""), unknown, told)
        text = UNITS[self.config.unit].join(tf.ragged.boolean_mask(told, written))
        return Detokenized(text, pieces)

    def tokens(self, ids: tf.Tensor, unknown: tf.Tensor | None = None) -> tf.Tensor:
        """The token, special ones included, of each id, int64 [B, T]: string [B, T], "" for PAD_ID.

        Args:
            ids: The ids.
            unknown: String [B, T], what stands where UNKNOWN_ID is; the unknown token where this is empty.
        """
        tokens = tf.where(ids == PAD_ID, "", self._tokens.lookup(ids))
        if unknown is not None:
            tokens = tf.where((ids == UNKNOWN_ID) & (unknown != ""), unknown, tokens)
        return tokens

    def _ids_of(self, pieces: tf.RaggedTensor) -> tf.RaggedTensor:
        return pieces.with_values(without_special_ids(self._ids.lookup(pieces.values)))


def of_rank(tensor: tf.Tensor, rank: int) -> tf.Tensor:
    """The tensor, checked when the graph runs: a model server does not hold requests to the shapes of a signature."""
    # What is known of the shape while the graph is built is hidden, or else the check would be optimised away.
    hidden = tf.raw_ops.PlaceholderWithDefault(input=tensor, shape=tf.TensorShape(None))
    return tf.ensure_shape(hidden, [None] * rank)


def segment(text: tf.Tensor, config: TextConfig, trie: PieceTrie | None = None) -> tf.RaggedTensor:
    """All units, string [B, (n)], of text, string [B].

    Args:
        text: The text.
        config: How text is cleaned and split.
        trie: For unit subword, the pieces of its vocabulary; without it, the units are words.
    """
    if trie is None:
        return _segment_function(config)(text)
    return _segment_by_trie_function(config)(text, *trie)


@functools.cache
def _segment_function(config: TextConfig) -> tf.types.experimental.GenericFunction:
    """`segment` as a graph of its own, traced once: Transform builds the graph around it time and again."""
    return tf.function(
        lambda text: UNITS[config.unit].split(clean(text, config)), input_signature=_BATCH_OF_TEXT, autograph=False
    )


@functools.cache
def _segment_by_trie_function(config: TextConfig) -> tf.types.experimental.GenericFunction:
    """The same, by a trie of the arrays that are given."""
    return tf.function(
        lambda text, edges, is_piece: split_by(PieceTrie(edges, is_piece), clean(text, config)),
        input_signature=[*_BATCH_OF_TEXT, tf.TensorSpec([None], tf.int64), tf.TensorSpec([None], tf.bool)],
        autograph=False,
    )


def truncate(pieces: tf.RaggedTensor, max_length: int) -> tf.RaggedTensor:
    """The first `max_length` pieces of each row, string [B, (n)]."""
    return tf.cond(tf.reduce_any(pieces.row_lengths() > max_length), lambda: pieces[:, :max_length], lambda: pieces)


def without_special_ids(ids: tf.Tensor) -> tf.Tensor:
    """Looked-up ids, int64 [n], in which text that is spelled like a special token is unknown."""
    return tf.where(ids < len(SPECIAL_TOKENS), tf.constant(UNKNOWN_ID, tf.int64), ids)


def with_end(units: tf.RaggedTensor, end, padding, width: int | None = None) -> tf.Tensor:
    """Rows of units, [B, (n)], with the end token after the last one, padded: [B, width or longest n + 1]."""
    padded = tf.concat([_padded(units, padding, width), _column(units, padding)], axis=1)
    is_end = tf.range(tf.shape(padded, tf.int64)[1]) == units.row_lengths()[:, tf.newaxis]
    return tf.where(is_end, tf.constant(end, units.dtype), padded)


def with_start(units: tf.RaggedTensor, start, padding, width: int | None = None) -> tf.Tensor:
    """Rows of units, [B, (n)], with the start token before the first one, padded: [B, width or longest n + 1]."""
    return tf.concat([_column(units, start), _padded(units, padding, width)], axis=1)


def _padded(units: tf.RaggedTensor, padding, width: int | None) -> tf.Tensor:
    return units.to_tensor(padding, shape=[None, None if width is None else width - 1])


def _column(units: tf.RaggedTensor, value) -> tf.Tensor:
    return tf.fill([units.nrows(), 1], tf.constant(value, units.dtype))


def read_tokens(vocabulary_path: str) -> list[bytes]:
    """All tokens of a vocabulary, one a line, in the order of their ids.

    Raises:
        ValueError: Where the file does not begin with the special tokens.
    """
    with tf.io.gfile.GFile(vocabulary_path, "rb") as file:
        tokens = file.read().split(b"\n")[:-1]
    special = [token.encode() for token in SPECIAL_TOKENS]
    if tokens[: len(special)] != special:
        raise ValueError(
            f"{vocabulary_path} begins with {tokens[: len(special)]}: a vocabulary begins with the lines {special}"
        )
    return tokens
