"""Greedy search: at each step the most probable token."""

from typing import NamedTuple

import tensorflow as tf

from serving.contract import END_ID, PAD_ID
from trainer.decoder import Decoder
from trainer.decoding.distribution import next_token_log_probs


class Decoded(NamedTuple):
    """What was decoded.

    Attributes:
        ids: Int64 [batch, target], the end token included, then padding.
        token_log_probs: Float [batch, target], 0 at padding.
        alignment: Float [batch, target, source], where each token looked at; 0 at padding.
    """

    ids: tf.Tensor
    token_log_probs: tf.Tensor
    alignment: tf.Tensor


def greedy_search(
    decoder: Decoder,
    start: tf.Tensor,
    state: tf.Tensor,
    memory: tf.Tensor,
    source_length: tf.Tensor,
    max_length: tf.Tensor,
) -> Decoded:
    """Decodes each row until it has written the end token, which alone can follow `max_length` other tokens.

    Args:
        decoder: Whose `step` is looped.
        start: Int64 [batch], the token that the first step reads.
        state: Float [batch, state_size], before the first step.
        memory: Float [batch, source, memory_width].
        source_length: Int64 [batch].
        max_length: Int64 [batch], most tokens of each row, the end token not counted.
    """

    def advance(index, token, ended, state, written):
        output = decoder.step(token, state, memory, source_length)
        log_probs = next_token_log_probs(output.logits)
        best = tf.where(index < max_length, tf.argmax(log_probs, axis=-1), END_ID)
        chosen = Decoded(
            ids=tf.where(ended, tf.constant(PAD_ID, tf.int64), best),
            token_log_probs=tf.where(ended, 0.0, tf.gather(log_probs, best, batch_dims=1)),
            alignment=tf.where(ended[:, tf.newaxis], 0.0, output.alignment),
        )
        written = Decoded(
            *(rows.write(tf.cast(index, tf.int32), row) for rows, row in zip(written, chosen, strict=True))
        )
        return index + 1, best, ended | (best == END_ID), output.state, written

    batch, source = memory.shape[0], memory.shape[1]
    shapes = Decoded(ids=[batch], token_log_probs=[batch], alignment=[batch, source])
    written = Decoded(
        *(
            tf.TensorArray(tf.int64 if name == "ids" else tf.float32, 0, dynamic_size=True, element_shape=shape)
            for name, shape in shapes._asdict().items()
        )
    )
    *_, written = tf.while_loop(
        # The first step is taken whatever the batch, so that an empty batch has results of the right rank.
        lambda index, token, ended, *_: (index == 0) | ~tf.reduce_all(ended),
        advance,
        (tf.constant(0, tf.int64), start, tf.zeros_like(start, tf.bool), state, written),
    )
    ids, token_log_probs, alignment = (rows.stack() for rows in written)
    return Decoded(tf.transpose(ids), tf.transpose(token_log_probs), tf.transpose(alignment, [1, 0, 2]))
