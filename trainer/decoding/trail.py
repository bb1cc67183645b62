"""The way that hypotheses have taken through the search, step by step, and how it is followed back."""

from typing import NamedTuple

import tensorflow as tf

from serving.contract import PAD_ID


class Trail(NamedTuple):
    """What every step chose, as tensor arrays over time.

    Keeping it and following it back once is cheaper than moving what every hypothesis has written at every step.

    Attributes:
        token: Int64 [batch, width].
        parent: Int32 [batch, width], the place of what it continues in the step before.
        token_log_prob: Float [batch, width].
        alignment: Float [batch, width, source].
    """

    token: tf.TensorArray
    parent: tf.TensorArray
    token_log_prob: tf.TensorArray
    alignment: tf.TensorArray

    @classmethod
    def begin(cls, width: int, source: int | None) -> "Trail":
        """An empty trail for hypotheses over a source of this length, None if it varies."""

        def array(dtype, *shape):
            return tf.TensorArray(dtype, 0, dynamic_size=True, element_shape=[None, width, *shape])

        return cls(array(tf.int64), array(tf.int32), array(tf.float32), array(tf.float32, source))

    def write(
        self, time: tf.Tensor, token: tf.Tensor, parent: tf.Tensor, token_log_prob: tf.Tensor, alignment: tf.Tensor
    ) -> "Trail":
        """The trail with one more step."""
        values = (token, parent, token_log_prob, alignment)
        index = tf.cast(time, tf.int32)
        return Trail(*(array.write(index, value) for array, value in zip(self, values, strict=True)))


class Traced(NamedTuple):
    """What hypotheses have written, with attributes as in Hypotheses."""

    ids: tf.Tensor
    token_log_probs: tf.Tensor
    alignment: tf.Tensor


def trace_back(trail: Trail, time: tf.Tensor, place: tf.Tensor) -> Traced:
    """Follows hypotheses from their ends to their starts.

    Args:
        trail: All steps.
        time: Int64 [batch, n], the step in which each hypothesis ended; -1 for one that is empty.
        place: Int32 [batch, n], its place in that step.
    """
    # Steps after the last end are of no hypothesis that is asked for.
    last = tf.reduce_max(tf.concat([[tf.constant(0, tf.int64)], tf.reshape(time, [-1])], axis=0))
    steps = tf.cast(last, tf.int32) + 1
    token, parent, token_log_prob, alignment = (array.stack()[:steps] for array in trail)

    def go_back(step, place_after, places):
        came_from = tf.gather(parent[tf.minimum(step + 1, steps - 1)], place_after, batch_dims=1)
        here = tf.where(time == tf.cast(step, tf.int64), place, came_from)
        return step - 1, here, places.write(step, here)

    places = tf.TensorArray(tf.int32, steps, element_shape=[None, place.shape[1]])
    _, _, places = tf.while_loop(lambda step, *_: step >= 0, go_back, (steps - 1, place, places))
    places = places.stack()  # [steps, batch, n]
    written = tf.range(steps, dtype=tf.int64)[:, tf.newaxis, tf.newaxis] <= time

    def gather(values, padding):
        taken = tf.gather(values, places, batch_dims=2)
        mask = tf.reshape(written, tf.concat([tf.shape(written), tf.ones([tf.rank(taken) - 3], tf.int32)], axis=0))
        taken = tf.where(mask, taken, tf.constant(padding, taken.dtype))
        return tf.transpose(taken, [1, 2, 0, *range(3, taken.shape.rank)])

    return Traced(gather(token, PAD_ID), gather(token_log_prob, 0), gather(alignment, 0))
