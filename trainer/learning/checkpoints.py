"""Saving a training, and going on from where it was saved."""

import dataclasses
import logging
import time

import tensorflow as tf

from trainer.config.checkpoints import CheckpointsConfig
from trainer.distribution.strategy import is_chief
from trainer.learning.best_weights import BestWeights
from trainer.learning.checkpoint_folder import Checkpoint, CheckpointFolder
from trainer.learning.learner import Learner
from trainer.learning.state import TrainingState

logger = logging.getLogger("seq2seq.trainer")


class Checkpoints:
    """Saves all that a training knows: it then goes on as if it had never been interrupted, bit for bit on a CPU.

    Args:
        folder: Where checkpoints go; None: nowhere.
        config: How often.
        learner: What is trained.
        best: The best epochs' weights.
        state: How far the training is; `restore` changes it.
    """

    def __init__(
        self,
        folder: CheckpointFolder | None,
        config: CheckpointsConfig,
        learner: Learner,
        best: BestWeights,
        state: TrainingState,
    ):
        self._folder = folder
        self._config = config
        self._learner = learner
        self._best = best
        self._state = state
        self._started = self._saved_at = time.monotonic()
        self._saved_step = 0

    def restore(self) -> None:
        """Goes back to the newest checkpoint, where there is one, and says so.

        Raises:
            ValueError: Where it is of another training.
        """
        found = self._folder.newest() if self._folder else None
        if found is None:
            return
        arrays = {name: [] for name in self._learner.variables()}
        for name in sorted(name for name in found.arrays if not name.startswith("best/")):
            arrays[name.split("/")[0]].append(found.arrays[name])
        self._learner.assign(arrays)
        self._best.kept = [
            (value, epoch, [found.arrays[f"best/{place}/{index:05d}"] for index in range(count)])
            for place, (value, epoch, count) in enumerate(found.facts["best"])
        ]
        self._state.restore(found.facts["state"])
        self._saved_step = self._state.step
        logger.info(
            f"going on from step {self._state.step:,}, epoch {self._state.epoch},"
            f" by the checkpoint in {self._folder.path}"
        )

    @property
    def seconds(self) -> float:
        """Time of the training so far, interruptions left out."""
        return self._state.seconds + time.monotonic() - self._started

    def save_if_due(self) -> None:
        """Saves if `training.checkpoints` says that it is time to."""
        if self._config.every_steps is not None:
            due = self._state.step - self._saved_step >= self._config.every_steps
        else:
            due = time.monotonic() - self._saved_at >= self._config.every_seconds
        if due:
            self.save()

    def save(self) -> None:
        """Saves the training as it is, between two steps; of several workers one does, for all."""
        if self._folder is None or not is_chief(tf.distribute.get_strategy()):
            return
        arrays = {
            f"{name}/{index:05d}": variable.numpy()
            for name, variables in self._learner.variables().items()
            for index, variable in enumerate(variables)
        }
        for place, (_, _, weights) in enumerate(self._best.kept):
            arrays |= {f"best/{place}/{index:05d}": weight for index, weight in enumerate(weights)}
        best = [(value, epoch, len(weights)) for value, epoch, weights in self._best.kept]
        state = dataclasses.asdict(self._state) | {"seconds": self.seconds}
        self._folder.write(Checkpoint(arrays, {"state": state, "best": best}))
        self._saved_at, self._saved_step = time.monotonic(), self._state.step
