"""One epoch: training on all pairs, and evaluation."""

import itertools
import math
import time

from trainer.config.training import TrainingConfig
from trainer.data.batches import evaluation_batches, training_batches
from trainer.data.pairs import Pairs
from trainer.learning.learner import Learner
from trainer.learning.progress import Progress
from trainer.learning.state import TrainingState
from trainer.learning.steps import BatchStep
from trainer.learning.sums import Sums


def train_epoch(
    learner: Learner, pairs: Pairs, training: TrainingConfig, state: TrainingState, progress: Progress
) -> None:
    """Trains on what is left of the running epoch, or up to `training.max_steps`.

    Raises:
        FloatingPointError: Where a loss is no longer a finite number.
    """
    plateaus = state.plateaus(training)
    batches = iter(training_batches(pairs, training, state.epoch, skip=state.batches))
    while state.step != training.max_steps:
        asked = time.monotonic()
        step_batches = list(itertools.islice(batches, training.optimizer.accumulate_batches))
        got = time.monotonic()
        if not step_batches:
            return
        totals = learner.take_step(step_batches, state.step + 1, plateaus)
        _check_loss("training", float(totals.loss), f"epoch {state.epoch}, step {state.step + 1}", training)
        state.end_step(step_batches, totals, seconds=time.monotonic() - asked, waiting=got - asked)
        progress.after_step(state, learner.learning_rate)


def evaluate(step: BatchStep, pairs: Pairs, training: TrainingConfig, where: str) -> Sums:
    """Loss and hits on all pairs.

    Args:
        step: From `trainer.learning.steps.evaluation_step`.
        pairs: The pairs.
        training: How batches are made.
        where: What was evaluated, for an error.

    Raises:
        FloatingPointError: Where the loss is not a finite number.
    """
    started = time.monotonic()
    sums = Sums()
    for batch in evaluation_batches(pairs, training):
        sums.add(step(batch))
    _check_loss("eval", sums.loss, where, training)
    sums.seconds = time.monotonic() - started
    return sums


def _check_loss(kind: str, loss: float, where: str, training: TrainingConfig) -> None:
    if not math.isfinite(loss):
        clip_norm = training.optimizer.clip_norm
        raise FloatingPointError(
            f"{where}: the {kind} loss is {loss}; lower training.optimizer.learning_rate"
            f" ({training.optimizer.learning_rate:g}) or training.optimizer.clip_norm"
            f" ({'none' if clip_norm is None else f'{clip_norm:g}'})"
        )
