"""What TFX's Transform runs: pairs of text to padded ids. It holds no classes, because TFX reloads this module."""

from typing import Any

import tensorflow as tf

from serving.contract import END_ID, PAD_ID, START_ID
from transform import features
from transform.config import TextConfig
from transform.subwords.analysis import Subwords, learn_subwords
from transform.text import segment, truncate, with_end, with_start
from transform.vocabulary import apply_vocabulary, learn_vocabulary

# What sides that share a vocabulary must agree on.
_SHARED_SETTINGS = ("unit", "vocabulary_size", "min_count")


def preprocessing_fn(inputs: dict[str, Any], custom_config: dict[str, Any]) -> dict[str, tf.Tensor]:
    """Learns the vocabularies, and turns each pair into ids, masks and lengths.

    Args:
        inputs: Raw features; of these, features.SOURCE and features.TARGET are read, one text a row, and
            features.EXAMPLE_WEIGHT where there is one.
        custom_config: The sections source and target of the configuration, and shared_vocabulary.

    Returns:
        The transformed features of transform/features.py, int64 [B, n], and the weight, float [B, 1], as it came.

    Raises:
        ValueError: Where sides that share a vocabulary do not agree on what it holds.
    """
    source_config = TextConfig.model_validate(custom_config["source"])
    target_config = TextConfig.model_validate(custom_config["target"])
    source_text, target_text = _text(inputs[features.SOURCE]), _text(inputs[features.TARGET])
    shared = custom_config["shared_vocabulary"]
    if shared:
        _check_shared(source_config, target_config)
    source_subwords, target_subwords = _learn_subwords(source_text, source_config, target_text, target_config, shared)
    all_source_pieces = _segment_side("source", source_text, source_config, source_subwords)
    all_target_pieces = _segment_side("target", target_text, target_config, target_subwords)
    source_pieces = truncate(all_source_pieces, source_config.max_length)
    target_pieces = truncate(all_target_pieces, target_config.max_length)
    source_too_long = all_source_pieces.row_lengths() > source_config.max_length
    target_too_long = all_target_pieces.row_lengths() > target_config.max_length

    # The vocabularies are those of the pairs that training sees; but for subwords, which are needed to know them.
    # Made of the text itself: made of what is cut by subwords, it would have all examples read once more.
    dropped = tf.zeros_like(source_text, tf.bool)
    if source_config.on_too_long == "drop":
        dropped |= source_too_long
    if target_config.on_too_long == "drop":
        dropped |= target_too_long
    seen_source = tf.ragged.boolean_mask(source_pieces, ~dropped).values
    seen_target = tf.ragged.boolean_mask(target_pieces, ~dropped).values
    if shared:
        seen = tf.concat([seen_source, seen_target], axis=0)
        source_vocabulary = _vocabulary(source_subwords, seen, source_config, features.SHARED_VOCABULARY)
        target_vocabulary = source_vocabulary
    else:
        source_vocabulary = _vocabulary(source_subwords, seen_source, source_config, features.SOURCE_VOCABULARY)
        target_vocabulary = _vocabulary(target_subwords, seen_target, target_config, features.TARGET_VOCABULARY)

    source_ids = apply_vocabulary(source_pieces, source_vocabulary)
    target_ids = apply_vocabulary(target_pieces, target_vocabulary)
    source_width, target_width = source_config.max_length + 1, target_config.max_length + 1
    source_length, target_length = source_ids.row_lengths() + 1, target_ids.row_lengths() + 1
    weight = {name: inputs[name] for name in (features.EXAMPLE_WEIGHT,) if name in inputs}
    return {
        **weight,
        features.SOURCE_IDS: with_end(source_ids, END_ID, PAD_ID, source_width),
        features.SOURCE_MASK: tf.sequence_mask(source_length, source_width, tf.int64),
        features.SOURCE_LENGTH: source_length[:, tf.newaxis],
        features.SOURCE_TOO_LONG: tf.cast(source_too_long, tf.int64)[:, tf.newaxis],
        features.TARGET_INPUT_IDS: with_start(target_ids, START_ID, PAD_ID, target_width),
        features.TARGET_OUTPUT_IDS: with_end(target_ids, END_ID, PAD_ID, target_width),
        features.TARGET_MASK: tf.sequence_mask(target_length, target_width, tf.int64),
        features.TARGET_LENGTH: target_length[:, tf.newaxis],
        features.TARGET_TOO_LONG: tf.cast(target_too_long, tf.int64)[:, tf.newaxis],
    }


def _text(feature: tf.Tensor | tf.SparseTensor) -> tf.Tensor:
    """Text, string [B], of one side of the pairs."""
    if isinstance(feature, tf.SparseTensor):
        # So arrives what the schema does not require of every example; what is missing is an empty text.
        feature = tf.concat([tf.sparse.to_dense(feature, ""), tf.fill([feature.dense_shape[0], 1], "")], axis=1)
    return feature[:, 0]


def _learn_subwords(
    source_text: tf.Tensor, source: TextConfig, target_text: tf.Tensor, target: TextConfig, shared: bool
) -> tuple[Subwords | None, Subwords | None]:
    """The subwords of source and target, of all their text; None where the unit is another."""
    source_words, target_words = segment(source_text, source).values, segment(target_text, target).values
    if shared and source.unit == "subword":
        words = tf.concat([source_words, target_words], axis=0)
        subwords = learn_subwords(words, source, features.SHARED_VOCABULARY)
        return subwords, subwords
    return (
        learn_subwords(source_words, source, features.SOURCE_VOCABULARY) if source.unit == "subword" else None,
        learn_subwords(target_words, target, features.TARGET_VOCABULARY) if target.unit == "subword" else None,
    )


def _vocabulary(subwords: Subwords | None, pieces: tf.Tensor, config: TextConfig, name: str) -> tf.Tensor:
    """The path of a vocabulary: that of the subwords, or else one that is learned from pieces, string [n]."""
    return learn_vocabulary(pieces, config, name) if subwords is None else subwords.path


def _segment_side(side: str, text: tf.Tensor, config: TextConfig, subwords: Subwords | None) -> tf.RaggedTensor:
    """All pieces, string [B, (n)], of one side of the pairs; stops at a text that is too long where the config says."""
    pieces = segment(text, config, None if subwords is None else subwords.trie)
    if config.on_too_long != "fail":
        return pieces
    first_too_long = tf.where(pieces.row_lengths() > config.max_length)[:1, 0]
    limit = f"{side}.max_length is {config.max_length} and {side}.on_too_long is fail, but a {side} text has more"
    check = tf.debugging.Assert(
        tf.equal(tf.size(first_too_long), 0),
        [
            f"{limit} tokens (unit {config.unit}):",
            tf.gather(pieces.row_lengths(), first_too_long),
            "The text:",
            tf.gather(text, first_too_long),
        ],
    )
    with tf.control_dependencies([check]):
        return pieces.with_values(tf.identity(pieces.values))


def _check_shared(source: TextConfig, target: TextConfig) -> None:
    for key in _SHARED_SETTINGS:
        ours, theirs = getattr(source, key), getattr(target, key)
        if ours != theirs:
            raise ValueError(
                f"shared_vocabulary is true, but source.{key} is {ours!r} and target.{key} is {theirs!r}:"
                " they must be equal"
            )
