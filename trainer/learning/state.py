"""How far a training is."""

import dataclasses
from typing import Any

import tensorflow as tf

from trainer.config.training import TrainingConfig
from trainer.learning.evaluation import badness
from trainer.learning.loss import TokenTotals
from trainer.learning.patience import count_plateaus, epochs_without_gain
from trainer.learning.result import EpochResult, StoppedBy
from trainer.learning.sums import Sums


@dataclasses.dataclass
class TrainingState:
    """What the training loop counts; together with the learner's and the best epochs' weights, all that it knows.

    Attributes:
        epoch: Number of the running epoch, from 1.
        step: Steps taken.
        batches: Batches of the running epoch that have been trained on.
        pairs: Pairs that have been trained on.
        trained: Sums of the running epoch.
        history: One entry for each epoch that is done.
        seconds: Time of the training up to the checkpoint that it goes on from.
    """

    epoch: int = 1
    step: int = 0
    batches: int = 0
    pairs: int = 0
    trained: Sums = dataclasses.field(default_factory=Sums)
    history: list[EpochResult] = dataclasses.field(default_factory=list)
    seconds: float = 0.0

    def restore(self, facts: dict[str, Any]) -> None:
        """Takes over what `dataclasses.asdict` made of another state."""
        for name, value in facts.items():
            setattr(self, name, value)
        self.trained = Sums(**facts["trained"])
        self.history = [EpochResult(**result) for result in facts["history"]]

    def end_step(
        self, batches: list[dict[str, tf.Tensor]], totals: TokenTotals, seconds: float, waiting: float
    ) -> None:
        """Counts a step, which took `seconds`, `waiting` for its batches included."""
        self.step += 1
        self.batches += len(batches)
        self.pairs += sum(int(tf.size(batch["source_length"])) for batch in batches)
        self.trained.add(totals, seconds, waiting)

    def end_epoch(self, result: EpochResult) -> None:
        """Goes on to the next epoch."""
        self.history.append(result)
        self.epoch, self.batches, self.trained = self.epoch + 1, 0, Sums()

    def plateaus(self, training: TrainingConfig) -> int:
        """How often the metric has stayed on a plateau; 0 where the learning rate does not follow it."""
        if training.schedule.decay != "plateau":
            return 0
        return count_plateaus(self._values(training), training.schedule.plateau_patience or 1)

    def stopped_by(self, training: TrainingConfig) -> StoppedBy | None:
        """The setting that has ended the training, None while it goes on."""
        if self.step == training.max_steps and not self.batches:
            return "max_steps"
        if len(self.history) == training.epochs:
            return "epochs"
        stopping = training.early_stopping
        if stopping.patience and epochs_without_gain(self._values(training), stopping.min_delta) >= stopping.patience:
            return "early_stopping.patience"
        return None

    def _values(self, training: TrainingConfig) -> list[float]:
        return [badness(training.early_stopping.metric, result.eval_metric) for result in self.history]
