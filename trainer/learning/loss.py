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


class Predictions(NamedTuple):
    """What a model says where there is a token, padding left out.

    Attributes:
        ids: Int64 [tokens], the true tokens.
        logits: Float [tokens, vocabulary].
        cross_entropy: Float [tokens], in nats.
    """

    ids: tf.Tensor
    logits: tf.Tensor
    cross_entropy: tf.Tensor

    def totals(self) -> TokenTotals:
        """Loss and hits, summed."""
        hits = tf.argmax(self.logits, axis=-1) == self.ids
        dtype = self.cross_entropy.dtype
        return TokenTotals(
            tf.reduce_sum(self.cross_entropy),
            tf.reduce_sum(tf.cast(hits, dtype)),
            tf.cast(tf.size(self.ids), dtype),
        )


def token_totals(model, batch: dict[str, tf.Tensor]) -> TokenTotals:
    """Cross entropy and hits of `model` on a batch, with teacher forcing and without dropout.

    Args:
        model: A Seq2Seq.
        batch: What Seq2Seq.call reads, and target_output_ids int64 [batch, target].
    """
    places = token_places(batch["target_output_ids"])
    return predictions(model, batch["target_output_ids"], model.read_out(batch), places).totals()


def token_places(target_output_ids: tf.Tensor) -> tf.Tensor:
    """Row and time of each token that is no padding, int64 [tokens, 2], of ids int64 [batch, target]."""
    return tf.where(target_output_ids != PAD_ID)


def predictions(model, target_output_ids: tf.Tensor, read_out: tf.Tensor, places: tf.Tensor) -> Predictions:
    """What `model` says at the tokens.

    Logits are computed where there is a token alone, since they are the widest tensor of all.

    Args:
        model: A Seq2Seq.
        target_output_ids: Int64 [batch, target].
        read_out: What the logits are computed from, float [batch, target, units].
        places: From `token_places`.
    """
    ids = tf.gather_nd(target_output_ids, places)
    logits = model.decoder.logits(tf.gather_nd(read_out, places))
    return Predictions(ids, logits, tf.nn.sparse_softmax_cross_entropy_with_logits(ids, logits))
