"""Which weights remain when training is over."""

import logging
from collections.abc import Callable
from typing import NamedTuple

from trainer.learning.best_weights import BestWeights
from trainer.learning.evaluation import Measured, badness
from trainer.learning.result import EpochResult

logger = logging.getLogger("seq2seq.trainer")


class FinalWeights(NamedTuple):
    """The weights that remain.

    Attributes:
        epochs: Those whose mean they are, the best first; one epoch: its own.
        loss: Their cross entropy per target token on the eval split, in nats.
        metric: Value of their metric.
    """

    epochs: tuple[int, ...]
    loss: float
    metric: float

    def __str__(self) -> str:
        return _named(self.epochs)


def choose_weights(
    best: BestWeights, history: list[EpochResult], metric: str, measure: Callable[[str], Measured]
) -> FinalWeights:
    """Gives the model the mean of the best epochs' weights if it is better than the best of them, else those.

    The mean is worse where the epochs' weights are far from one another, as early in a training.

    Args:
        best: The weights of the best epochs.
        history: All epochs.
        metric: Name of what tells better from worse.
        measure: Measures the model; see Evaluation.measure.
    """
    if len(best.kept) > 1:
        best.assign_mean()
        mean = measure(_named(best.epochs))
        if badness(metric, mean.metric) < best.kept[0][0]:
            return FinalWeights(tuple(best.epochs), mean.loss, mean.metric)
        logger.info(f"{_named(best.epochs)}: {metric} {mean.metric:.4f}, no better than the best of them alone")
    best.assign_best()
    epoch = best.epochs[0]
    return FinalWeights((epoch,), history[epoch - 1].eval_loss, history[epoch - 1].eval_metric)


def _named(epochs: tuple[int, ...] | list[int]) -> str:
    if len(epochs) == 1:
        return f"weights of epoch {epochs[0]}"
    return f"mean of the weights of epochs {', '.join(map(str, sorted(epochs)))}"
