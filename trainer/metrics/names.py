"""The metrics by their names, without what computes them."""

from typing import Literal

METRIC_NAMES = (
    "bleu",
    "chrf",
    "ter",
    "word_error_rate",
    "token_error_rate",
    "exact_match",
    "loss_per_token",
    "example_count",
)
MetricName = Literal[METRIC_NAMES]

LOWER_IS_BETTER = frozenset({"ter", "word_error_rate", "token_error_rate", "loss_per_token"})
