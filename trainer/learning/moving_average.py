"""The exponential moving average of the weights."""

import contextlib
from collections.abc import Iterator

import keras
import tensorflow as tf


class MovingAverage:
    """An average of weights in which those of earlier steps count less and less.

    It starts as the weights are. At step n its decay is min(decay, (1 + n) / (10 + n)), so that it does not hang on to
    the first weights, which mean nothing (tf.train.ExponentialMovingAverage).

    Args:
        weights: The weights that are averaged.
        decay: Share that the average keeps of itself at each step, above 0 and below 1.

    Attributes:
        variables: The average, in the order of the weights.
    """

    def __init__(self, weights: list[keras.Variable], decay: float):
        self._weights = weights
        self._decay = decay
        self.variables = [tf.Variable(weight.value, trainable=False) for weight in weights]
        self._update = tf.function(self._move, input_signature=[tf.TensorSpec([], tf.float32)], autograph=False)

    def update(self, step: int) -> None:
        """Takes in the weights that step number `step`, from 1, has given."""
        self._update(tf.constant(min(self._decay, (1 + step) / (10 + step)), tf.float32))

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Puts the average in the place of the weights, and the weights back at the end."""
        kept = [tf.identity(weight.value) for weight in self._weights]
        try:
            self._assign(self.variables)
            yield
        finally:
            self._assign(kept)

    def _assign(self, values: list[tf.Tensor]) -> None:
        for weight, value in zip(self._weights, values, strict=True):
            weight.assign(value)

    def _move(self, decay: tf.Tensor) -> None:
        for average, weight in zip(self.variables, self._weights, strict=True):
            average.assign_sub((1 - decay) * (average - tf.convert_to_tensor(weight)))
