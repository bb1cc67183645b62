"""One epoch of training."""

import itertools
import time
from collections.abc import Callable

from trainer.config.training import TrainingConfig
from trainer.data.batches import training_batches
from trainer.data.pairs import Pairs
from trainer.learning.learner import Learner
from trainer.learning.not_finite import check_loss
from trainer.learning.state import TrainingState


def train_epoch(
    learner: Learner, pairs: Pairs, training: TrainingConfig, state: TrainingState, after_step: Callable[[], None]
) -> None:
    """Trains on what is left of the running epoch, or up to `training.max_steps`.

    Args:
        learner: Takes the steps.
        pairs: Pairs to train on.
        training: How batches are made.
        state: Counts the steps.
        after_step: Called after each step.

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
        check_loss("training", float(totals.loss), f"epoch {state.epoch}, step {state.step + 1}", training)
        state.end_step(step_batches, totals, seconds=time.monotonic() - asked, waiting=got - asked)
        after_step()
