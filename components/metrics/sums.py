"""How Beam sums a statistic over the examples of a slice."""

from collections.abc import Hashable, Iterable

import apache_beam as beam
import numpy as np

from trainer.metrics.statistic import CorpusStatistic


class SumCombineFn(beam.CombineFn):
    """Sums what examples add, float64 [width] each, and computes the figure; accumulators merge in any order."""

    def __init__(self, statistic: CorpusStatistic, key: Hashable):
        """Combines the examples of one slice.

        Args:
          statistic: what is summed.
          key: under which the figure is given out, in a dictionary of its own.
        """
        self._statistic = statistic
        self._key = key

    def create_accumulator(self) -> np.ndarray:
        return np.zeros(self._statistic.width, np.float64)

    def add_input(self, accumulator: np.ndarray, element: np.ndarray) -> np.ndarray:
        accumulator += element
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[np.ndarray]) -> np.ndarray:
        return sum(accumulators, start=self.create_accumulator())

    def extract_output(self, accumulator: np.ndarray) -> dict[Hashable, float]:
        return {self._key: self._statistic.figure(accumulator.tolist())}
