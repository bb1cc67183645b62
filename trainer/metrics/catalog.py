"""The metrics by the names that the configuration gives them."""

from collections.abc import Callable

from trainer.metrics.averages import ExactMatch, ExampleCount, LossPerToken
from trainer.metrics.error_rates import ErrorRate
from trainer.metrics.names import MetricName
from trainer.metrics.sacrebleu_statistics import bleu, chrf, ter
from trainer.metrics.statistic import CorpusStatistic
from trainer.metrics.units import SPLIT_FUNCTIONS, words

_STATISTICS: dict[MetricName, Callable[[str], CorpusStatistic]] = {
    "bleu": lambda target_unit: bleu(),
    "chrf": lambda target_unit: chrf(),
    "ter": lambda target_unit: ter(),
    "word_error_rate": lambda target_unit: ErrorRate(words),
    "token_error_rate": lambda target_unit: ErrorRate(SPLIT_FUNCTIONS[target_unit]),
    "exact_match": lambda target_unit: ExactMatch(),
    "loss_per_token": lambda target_unit: LossPerToken(),
    "example_count": lambda target_unit: ExampleCount(),
}


def create_statistic(name: MetricName, target_unit: str) -> CorpusStatistic:
    """The metric of this name.

    Args:
        name: as in `evaluation.metrics`.
        target_unit: as in `target.unit`; what `token_error_rate` counts.
    """
    return _STATISTICS[name](target_unit)
