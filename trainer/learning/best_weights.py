"""The weights of the best epoch so far."""

import math

import keras


class BestWeights:
    """Remembers the weights with the lowest loss, in memory.

    Args:
        model: The model whose trainable weights are remembered.

    Attributes:
        epoch: The best epoch so far; 0 before the first.
        loss: Its loss.
    """

    def __init__(self, model: keras.Model):
        self.epoch = 0
        self.loss = math.inf
        self._model = model
        self._weights = []

    def offer(self, epoch: int, loss: float) -> None:
        """Remembers the model's weights if `loss` is the lowest yet."""
        if loss < self.loss:
            self.epoch, self.loss = epoch, loss
            self._weights = [variable.numpy() for variable in self._model.trainable_variables]

    def restore(self) -> None:
        """Gives the model the weights of the best epoch."""
        for variable, weights in zip(self._model.trainable_variables, self._weights, strict=True):
            variable.assign(weights)
