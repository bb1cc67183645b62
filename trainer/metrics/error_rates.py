"""Word and token error rate: edits that turn the decoded text into a right one, per unit of that one."""

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from trainer.metrics.statistic import CorpusStatistic, DecodedExample, ratio
from trainer.metrics.units import SplitFunction


class ErrorRate(CorpusStatistic):
    """Levenshtein edits of all examples over the units of their references.

    Of several references the one that takes the fewest edits counts, and of these the longest. A rate can exceed 1.
    """

    width = 2

    def __init__(self, split: SplitFunction):
        """Counts in the units that `split` makes of a text."""
        self._split = split

    def of_example(self, example: DecodedExample) -> Sequence[float]:
        hypothesis = self._split(example.hypothesis)
        edits, minus_length = min(
            (Levenshtein.distance(hypothesis, units), -len(units)) for units in map(self._split, example.references)
        )
        return edits, -minus_length

    def figure(self, sums: Sequence[float]) -> float:
        edits, length = sums
        return ratio(edits, length)
