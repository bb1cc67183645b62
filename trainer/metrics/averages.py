"""Exact match, loss per token and the number of examples."""

from collections.abc import Sequence

from trainer.metrics.statistic import CorpusStatistic, DecodedExample, ratio


class ExactMatch(CorpusStatistic):
    """Share of examples whose decoded text equals one of the references."""

    width = 2

    def of_example(self, example: DecodedExample) -> Sequence[float]:
        return example.hypothesis in example.references, 1

    def figure(self, sums: Sequence[float]) -> float:
        matches, examples = sums
        return ratio(matches, examples)


class LossPerToken(CorpusStatistic):
    """Negative log-probability, in nats, that the model gives to a token of the first reference, end included."""

    width = 2

    def of_example(self, example: DecodedExample) -> Sequence[float]:
        return -example.target_log_prob, example.target_length

    def figure(self, sums: Sequence[float]) -> float:
        loss, tokens = sums
        return ratio(loss, tokens)


class ExampleCount(CorpusStatistic):
    """Number of examples."""

    width = 1

    def of_example(self, example: DecodedExample) -> Sequence[float]:
        return (1,)

    def figure(self, sums: Sequence[float]) -> float:
        return float(sums[0])
