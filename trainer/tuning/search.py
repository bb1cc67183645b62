"""The search itself: each trial is a training like any other, with values that an oracle chose."""

import logging
from collections.abc import Callable
from typing import Any

import keras
import keras_tuner
import pydantic
import tensorflow as tf
from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.errors import FailedTrialError, FatalError

from trainer.tuning.values import settings_of, told, told_value

logger = logging.getLogger("seq2seq.tuner")

# Trains with settings, for at most so many epochs if a number is given, in a folder: the objective's value.
TrainTrial = Callable[[dict[str, Any], int | None, str], float]

# What bad values do to a training: its loss is no longer finite, memory runs out, or they do not go together.
_FAILURES = (FloatingPointError, tf.errors.ResourceExhaustedError, pydantic.ValidationError)


class SettingsTuner(BaseTuner):
    """A tuner of KerasTuner that trains with settings of the configuration, and tells people how it goes.

    Args:
        oracle: What chooses the values.
        train: What a trial does.
        directory: Folder of the search's state. A search that was stopped is taken up there.
    """

    def __init__(self, oracle: keras_tuner.Oracle, train: TrainTrial, directory: str):
        self._train = train
        super().__init__(oracle, directory=directory, project_name="search")

    def run_trial(self, trial: Trial) -> dict[str, float]:
        """Trains with the trial's values; gives the objective's value by its name.

        Raises:
            FailedTrialError: Where the values cannot be trained with; the search goes on.
            FatalError: Where training fails for other reasons; it would fail with all values.
        """
        values = trial.hyperparameters.values
        name = f"trial {int(trial.trial_id) + 1} of at most {self.oracle.max_trials}"
        logger.info(f"{name}: {told(settings_of(values))}")
        keras.utils.clear_session()  # lets go of the trial before
        try:
            score = self._train(settings_of(values), values.get("tuner/epochs"), self.get_trial_dir(trial.trial_id))
        except _FAILURES as error:
            logger.info(f"{name} failed: {error}")
            raise FailedTrialError(str(error)) from error
        except Exception as error:
            raise FatalError(f"{name} ({told(settings_of(values))}): {error}") from error
        logger.info(f"{name}: {self.oracle.objective.name} {score:.4f}")
        return {self.oracle.objective.name: score}

    def on_search_end(self) -> None:
        """Raises RuntimeError where no trial succeeded."""
        trials = self.oracle.trials.values()
        if not any(trial.status == TrialStatus.COMPLETED for trial in trials):
            raise RuntimeError(f"none of {len(trials)} trials could be trained to its end; widen tuner.space")

    def search_space_summary(self, extended: bool = False) -> None:
        """Shows the settings that are searched for."""
        logger.info(f"searching for {', '.join(entry.name for entry in self.oracle.get_space().space)}")

    def results_summary(self, num_trials: int | None = None) -> None:
        """Shows a table of the trials, the best first, and the best values."""
        trials = self.oracle.get_best_trials(num_trials or len(self.oracle.trials))
        names = [entry.name for entry in self.oracle.get_space().space]
        rows = [["trial", self.oracle.objective.name, *names]]
        for trial in trials:
            score = told_value(trial.score) if trial.status == TrialStatus.COMPLETED else "failed"
            values = trial.hyperparameters.values
            rows.append([str(int(trial.trial_id) + 1), score, *(told_value(values[name]) for name in names)])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            logger.info("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
        best = trials[0].hyperparameters.values
        logger.info(f"best values: {told(settings_of(best))}")
