"""The training loop: epochs of steps, each with an evaluation at its end."""

import dataclasses
from collections.abc import Callable

from trainer.config.training import TrainingConfig
from trainer.data.pairs import Pairs
from trainer.learning.best_weights import BestWeights
from trainer.learning.checkpoints import Checkpoints
from trainer.learning.epoch import train_epoch
from trainer.learning.evaluation import Measured, badness
from trainer.learning.interruption import Interruption
from trainer.learning.learner import Learner
from trainer.learning.progress import Progress
from trainer.learning.result import EpochResult
from trainer.learning.state import TrainingState


@dataclasses.dataclass
class Loop:
    """Trains until a setting ends it.

    Attributes:
        training: How the model is trained.
        train: Pairs to train on.
        learner: Takes the steps.
        measure: Measures the model; see Evaluation.measure.
        best: Remembers the best epochs' weights.
        state: Counts steps and epochs.
        checkpoints: Saves all that.
        interruption: Knows of signals.
        progress: Shows how it goes.
    """

    training: TrainingConfig
    train: Pairs
    learner: Learner
    measure: Callable[[str], Measured]
    best: BestWeights
    state: TrainingState
    checkpoints: Checkpoints
    interruption: Interruption
    progress: Progress

    def run(self) -> None:
        """Trains from where the state is to the end.

        Raises:
            InterruptionError: After a signal; what there is can be saved.
            FloatingPointError: Where a loss is no longer a finite number.
        """
        while not self.state.stopped_by(self.training):
            train_epoch(self.learner, self.train, self.training, self.state, self._after_step)
            with self.learner.averaged():
                measured = self.measure(f"end of epoch {self.state.epoch}")
                self.best.offer(self.state.epoch, badness(self.training.early_stopping.metric, measured.metric))
            result = self._result(measured)
            self.progress.after_epoch(result)
            self.state.end_epoch(result)
            self.checkpoints.save()
            self.interruption.check()

    def _after_step(self) -> None:
        self.progress.after_step(self.state, self.learner.learning_rate)
        self.checkpoints.save_if_due()
        self.interruption.check()

    def _result(self, measured: Measured) -> EpochResult:
        trained = self.state.trained
        return EpochResult(
            epoch=self.state.epoch,
            step=self.state.step,
            train_loss=trained.mean_loss,
            eval_loss=measured.loss,
            eval_token_accuracy=measured.token_accuracy,
            eval_metric=measured.metric,
            target_tokens_per_second=trained.tokens / trained.seconds,
            train_seconds=trained.seconds,
            eval_seconds=measured.seconds,
            learning_rate=self.learner.learning_rate,
            waiting_share=trained.waiting / trained.seconds,
        )
