"""What a training gives, as plain figures."""

import dataclasses
from typing import Literal

# The setting of section `training` that ended a training.
StoppedBy = Literal["epochs", "max_steps", "early_stopping.patience"]


@dataclasses.dataclass(frozen=True)
class EpochResult:
    """What one epoch gave.

    Attributes:
        epoch: Number of the epoch, from 1.
        step: Optimiser steps since the start.
        train_loss: Cross entropy per target token in nats, averaged over the epoch while the weights changed.
        eval_loss: Cross entropy per target token in nats, on the eval split at the epoch's end.
        eval_token_accuracy: Share of the eval split's target tokens that teacher forcing predicts.
        eval_metric: Value of the metric of `training.early_stopping`.
        target_tokens_per_second: Speed of training, evaluation not counted.
        train_seconds: Time of training.
        eval_seconds: Time of evaluation.
        learning_rate: Of the epoch's last step.
        waiting_share: Share of the time of training in which the step waited for the input pipeline.
    """

    epoch: int
    step: int
    train_loss: float
    eval_loss: float
    eval_token_accuracy: float
    eval_metric: float
    target_tokens_per_second: float
    train_seconds: float
    eval_seconds: float
    learning_rate: float
    waiting_share: float


@dataclasses.dataclass(frozen=True)
class TrainingResult:
    """What a training gave.

    Attributes:
        history: One entry for each epoch.
        metric: Name of the metric that tells the best epoch.
        best_epoch: The epoch with the best metric.
        averaged_epochs: The epochs whose mean the weights are, the best first; `best_epoch` alone without a mean.
        eval_loss: Cross entropy per target token in nats of the weights that the model has at the end.
        eval_metric: Their metric.
        stopped_by: The setting that ended the training.
        seed: The seed by which it can be repeated.
        train_pairs: Pairs of an epoch.
        left_out_pairs: Pairs of the train split left out because a side is too long.
        eval_pairs: Pairs of the eval split.
        target_tokens_per_second: Speed of training over all epochs, evaluation not counted.
        waiting_share: Share of the time of training in which the step waited for the input pipeline.
        seconds: Time of the whole training.
    """

    history: tuple[EpochResult, ...]
    metric: str
    best_epoch: int
    averaged_epochs: tuple[int, ...]
    eval_loss: float
    eval_metric: float
    stopped_by: StoppedBy
    seed: int
    train_pairs: int
    left_out_pairs: int
    eval_pairs: int
    target_tokens_per_second: float
    waiting_share: float
    seconds: float
