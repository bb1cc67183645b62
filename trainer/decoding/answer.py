"""From hypotheses to what a signature answers."""

import tensorflow as tf

from serving import contract
from trainer.decoding.hypotheses import Hypotheses
from transform.text import TextProcessor


def answer(
    hypotheses: Hypotheses, target: TextProcessor, source_tokens: tf.Tensor, unknown: tf.Tensor | None
) -> dict[str, tf.Tensor]:
    """The decoded outputs of serving/contract.py.

    Args:
        hypotheses: N best of each row.
        target: Text graph of the target.
        source_tokens: String [batch, source].
        unknown: String [batch, n, target], what is written for an unknown token; see TextProcessor.detokenize.
    """
    shape = tf.shape(hypotheses.ids)
    rows = [shape[0] * shape[1], shape[2]]
    ids = tf.reshape(hypotheses.ids, rows)
    flat_unknown = None if unknown is None else tf.reshape(unknown, rows)
    n_best = hypotheses.ids.shape[1]
    translations = tf.reshape(target.detokenize(ids, flat_unknown).text, [-1, n_best])
    return {
        contract.TRANSLATION: translations[:, 0],
        contract.TRANSLATIONS: translations,
        contract.SCORES: hypotheses.scores,
        contract.LOG_PROBS: hypotheses.log_probs,
        contract.TOKENS: tf.ensure_shape(tf.reshape(target.tokens(ids, flat_unknown), shape), [None, n_best, None]),
        contract.TOKEN_LOG_PROBS: hypotheses.token_log_probs,
        contract.ALIGNMENT: hypotheses.alignment,
        contract.SOURCE_TOKENS: source_tokens,
    }


def most_attended(alignment: tf.Tensor, source_tokens: tf.Tensor, source_length: tf.Tensor) -> tf.Tensor:
    """The source token, the end left out, that each target token looked at most: string [batch, n, target].

    It is empty where the source has no token but the end.

    Args:
        alignment: Float [batch, n, target, source].
        source_tokens: String [batch, source].
        source_length: Int64 [batch], the end token included.
    """
    is_text = tf.sequence_mask(source_length - 1, tf.shape(source_tokens)[1])
    seen = tf.where(is_text[:, tf.newaxis, tf.newaxis], alignment, -1.0)
    return tf.gather(tf.where(is_text, source_tokens, ""), tf.argmax(seen, axis=-1), batch_dims=1)
