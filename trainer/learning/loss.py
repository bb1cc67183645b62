"""Cross entropy of the target's tokens, padding left out."""

from typing import NamedTuple

import tensorflow as tf

from serving.contract import PAD_ID


class TokenTotals(NamedTuple):
    """Sums over the tokens of a batch, padding left out.

    Attributes:
        loss: Float scalar, the sum of the cross entropies in nats.
        correct: Float scalar, tokens to which the model gave the highest probability.
        tokens: Float scalar, number of tokens.
    """

    loss: tf.Tensor
    correct: tf.Tensor
    tokens: tf.Tensor


def token_totals(model, batch: dict[str, tf.Tensor], training: bool = False) -> TokenTotals:
    """Loss and hits of `model` on a batch; `loss / tokens` is what training brings down.

    Logits are computed where there is a token alone, since they are the widest tensor of all.

    Args:
        model: A Seq2Seq.
        batch: What Seq2Seq.call reads, and target_output_ids int64 [batch, target].
        training: Whether dropout acts.
    """
    present = tf.where(batch["target_output_ids"] != PAD_ID)  # [tokens, 2]
    ids = tf.gather_nd(batch["target_output_ids"], present)
    logits = model.decoder.logits(tf.gather_nd(model.read_out(batch, training), present))
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(ids, logits)
    hits = tf.argmax(logits, axis=-1) == ids
    return TokenTotals(
        tf.reduce_sum(losses), tf.reduce_sum(tf.cast(hits, losses.dtype)), tf.cast(tf.size(ids), losses.dtype)
    )
