"""What every metric of decoded text is: sums over examples, and a figure computed of them."""

import abc
import dataclasses
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class DecodedExample:
    """What the model made of one example, and what it should have made.

    Attributes:
        hypothesis: text that the model decoded; may be empty.
        references: texts that are right, one or more.
        target_log_prob: natural logarithm of the probability that the model gives to the first reference.
        target_length: tokens of the first reference, the end token included.
        log_prob: natural logarithm of the probability that the model gives to the hypothesis.
    """

    hypothesis: str
    references: Sequence[str]
    target_log_prob: float = 0.0
    target_length: int = 0
    log_prob: float = 0.0


class CorpusStatistic(abc.ABC):
    """A figure of a corpus that follows from sums over its examples: the corpus may be cut and merged at will."""

    @property
    @abc.abstractmethod
    def width(self) -> int:
        """How many sums there are."""

    @property
    def signature(self) -> str:
        """What is to be published with the figure, so that it can be compared with others; often nothing."""
        return ""

    @abc.abstractmethod
    def of_example(self, example: DecodedExample) -> Sequence[float]:
        """What one example adds to each sum."""

    @abc.abstractmethod
    def figure(self, sums: Sequence[float]) -> float:
        """The figure of a corpus with these sums.

        It is not a number (NaN), which passes no threshold, where there is nothing to divide by.
        """


def ratio(numerator: float, denominator: float) -> float:
    """The quotient; NaN where the denominator is 0."""
    return numerator / denominator if denominator else float("nan")
