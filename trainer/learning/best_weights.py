"""The weights of the best epochs, and their mean."""

import keras
import numpy as np


class BestWeights:
    """Remembers the weights of the best epochs, in memory.

    Args:
        weights: The weights that are remembered.
        most: How many epochs to remember.

    Attributes:
        kept: (value, epoch, weights) of the epochs, the best first; of equal ones the earlier one. Lower is better.
    """

    def __init__(self, weights: list[keras.Variable], most: int):
        self.kept: list[tuple[float, int, list[np.ndarray]]] = []
        self._weights = weights
        self._most = most

    @property
    def epochs(self) -> list[int]:
        """The epochs, the best first."""
        return [epoch for _, epoch, _ in self.kept]

    def offer(self, epoch: int, value: float) -> None:
        """Remembers the weights as they are now, if `value` is among the lowest yet."""
        if len(self.kept) == self._most and value >= self.kept[-1][0]:
            return
        entry = (value, epoch, [weight.numpy() for weight in self._weights])
        self.kept = sorted([*self.kept, entry], key=lambda kept: kept[:2])[: self._most]

    def assign_best(self) -> None:
        """Gives the weights those of the best epoch."""
        self._assign(self.kept[0][2])

    def assign_mean(self) -> None:
        """Gives the weights the mean of all remembered epochs."""
        columns = zip(*(weights for _, _, weights in self.kept), strict=True)
        self._assign([np.mean(values, axis=0, dtype=np.float64) for values in columns])

    def _assign(self, values: list[np.ndarray]) -> None:
        for weight, value in zip(self._weights, values, strict=True):
            weight.assign(value)
