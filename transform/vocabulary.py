"""Vocabularies, learned over the whole training split by TFT's analyzers on Beam."""

import tensorflow as tf
import tensorflow_transform as tft

from serving.contract import SPECIAL_TOKENS, UNKNOWN_ID
from transform.config import TextConfig
from transform.text import without_special_ids


def learn_vocabulary(pieces: tf.Tensor, config: TextConfig, name: str) -> tf.Tensor:
    """The path of the vocabulary of the pieces of all examples: a string tensor that TFT fills in.

    The special tokens come first, then the pieces from the most to the least frequent; those of one frequency are in
    reverse order of their bytes. Pieces that are spelled like special tokens are left out.

    Args:
        pieces: String [n].
        config: Its vocabulary_size and min_count decide which pieces are kept.
        name: Name of the vocabulary's file.
    """
    return tft.vocabulary(
        pieces,
        top_k=config.vocabulary_size,
        # TFT warns of a threshold that leaves nothing out.
        frequency_threshold=config.min_count if config.min_count > 1 else None,
        vocab_filename=name,
        reserved_tokens=SPECIAL_TOKENS,
        name=name,
    )


def apply_vocabulary(pieces: tf.RaggedTensor, path: tf.Tensor) -> tf.RaggedTensor:
    """Ids, int64 [B, (n)], of pieces, string [B, (n)], by a vocabulary that `learn_vocabulary` names."""
    ids = tft.apply_vocabulary(pieces.values, path, default_value=UNKNOWN_ID)
    return pieces.with_values(without_special_ids(ids))
