"""What the model is worth with the weights that it has."""

import math
import time
from collections.abc import Callable
from typing import NamedTuple

from trainer.config.early_stopping import DECODED_METRICS
from trainer.config.training import TrainingConfig
from trainer.data.batches import evaluation_batches
from trainer.data.pairs import Pairs
from trainer.learning.decoded_sample import DecodedSample, TargetText
from trainer.learning.not_finite import check_loss
from trainer.learning.steps import evaluation_step
from trainer.learning.sums import Sums
from trainer.metrics.names import LOWER_IS_BETTER
from trainer.model.seq2seq import Seq2Seq


class Measured(NamedTuple):
    """Figures of the eval split.

    Attributes:
        loss: Cross entropy per target token in nats, with teacher forcing.
        token_accuracy: Share of the target's tokens that teacher forcing predicts.
        metric: Value of the metric of `training.early_stopping`.
        seconds: Time of the evaluation.
    """

    loss: float
    token_accuracy: float
    metric: float
    seconds: float


class Evaluation:
    """Measures a model on the eval split.

    Args:
        model: The model.
        pairs: The eval split.
        count: How many pairs it has.
        training: How the model is trained.
        text: How ids become text; metrics of decoded text need it.
        before_batch: Called before each batch; what it raises ends the evaluation.

    Raises:
        ValueError: Where a metric of decoded text is asked for without `text`.
    """

    def __init__(
        self,
        model: Seq2Seq,
        pairs: Pairs,
        count: int,
        training: TrainingConfig,
        text: TargetText | None,
        before_batch: Callable[[], None],
    ):
        self._before_batch = before_batch
        self._pairs = pairs
        self._training = training
        self._step = evaluation_step(model)
        self._sample = None
        metric = training.early_stopping.metric
        if metric in DECODED_METRICS:
            if text is None:
                raise ValueError(f"training.early_stopping.metric is {metric!r}, but no text is decoded here")
            self._sample = DecodedSample(model, pairs, count, training, text, before_batch)

    def measure(self, where: str) -> Measured:
        """The figures of the weights that the model has.

        Args:
            where: What is measured, for an error.

        Raises:
            FloatingPointError: Where the loss is not a finite number.
        """
        started = time.monotonic()
        sums = Sums()
        for batch in evaluation_batches(self._pairs, self._training):
            self._before_batch()
            sums.add(self._step(batch))
        check_loss("eval", sums.loss, where, self._training)
        return Measured(sums.mean_loss, sums.accuracy, self._metric(sums), time.monotonic() - started)

    def _metric(self, sums: Sums) -> float:
        if self._sample is not None:
            return self._sample.measure()
        return sums.mean_loss if self._training.early_stopping.metric == "loss_per_token" else sums.accuracy


def badness(metric: str, value: float) -> float:
    """The value of a metric such that lower is better, and infinite where it is not a number."""
    if math.isnan(value):
        return math.inf
    return value if metric in LOWER_IS_BETTER else -value
