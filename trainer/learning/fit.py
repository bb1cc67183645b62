"""The training loop: epochs, evaluation, early stopping."""

import logging
import math
import time

import keras
import tensorflow as tf

from trainer.config.training import TrainingConfig
from trainer.data.batches import evaluation_batches, training_batches
from trainer.data.pairs import Pairs
from trainer.learning.best_weights import BestWeights
from trainer.learning.objective import Objective
from trainer.learning.progress import Progress, duration
from trainer.learning.result import EpochResult, StoppedBy, TrainingResult
from trainer.learning.steps import BatchStep, evaluation_step, training_step
from trainer.model.seq2seq import Seq2Seq

logger = logging.getLogger("seq2seq.trainer")


def fit(
    model: Seq2Seq, training: TrainingConfig, train: Pairs, evaluation: Pairs, log_directory: str
) -> TrainingResult:
    """Trains `model` with Adam, and leaves it with the weights of the epoch that had the lowest eval loss.

    Args:
        model: The model, its weights as they start.
        training: How it is trained.
        train: Pairs to train on.
        evaluation: Pairs whose loss tells when to stop.
        log_directory: Folder for TensorBoard's files.

    Raises:
        FloatingPointError: Where a loss is no longer a finite number.
        ValueError: Where a split has no pairs, or pairs that the configuration refuses.
    """
    started = time.monotonic()
    train_survey, eval_survey = train.survey(), evaluation.survey()
    logger.info(
        f"training on {train_survey.pairs:,} pairs ({train_survey.left_out:,} left out as too long),"
        f" evaluating on {eval_survey.pairs:,}; {model.count_params():,} weights, seed {training.seed}"
    )
    if model.config.recurrent_dropout:
        logger.info(f"recurrent dropout is {model.config.recurrent_dropout:g}: cuDNN is not used with it")

    optimizer = keras.optimizers.Adam(training.learning_rate, global_clipnorm=training.clip_norm)
    train_step = training_step(model, optimizer, Objective(model, training.objective))
    eval_step = evaluation_step(model)
    best = BestWeights(model)
    history: list[EpochResult] = []
    stopped_by = None
    with Progress(training, train_survey.pairs, log_directory) as progress:
        while stopped_by is None:
            progress.epoch += 1
            trained = _train(train_step, training_batches(train, training, progress.epoch), training, progress)
            evaluated = _evaluate(eval_step, evaluation_batches(evaluation, training), training, progress)
            history.append(
                EpochResult(
                    epoch=progress.epoch,
                    step=progress.step,
                    train_loss=trained.loss / trained.tokens,
                    eval_loss=evaluated.loss / evaluated.tokens,
                    eval_token_accuracy=evaluated.correct / evaluated.tokens,
                    target_tokens_per_second=trained.tokens / trained.seconds,
                    train_seconds=trained.seconds,
                    eval_seconds=evaluated.seconds,
                )
            )
            progress.after_epoch(history[-1])
            best.offer(progress.epoch, history[-1].eval_loss)
            stopped_by = _reason_to_stop(training, progress, best)
    best.restore()

    result = TrainingResult(
        history=tuple(history),
        best_epoch=best.epoch,
        stopped_by=stopped_by,
        seed=training.seed,
        train_pairs=train_survey.pairs,
        left_out_pairs=train_survey.left_out,
        eval_pairs=eval_survey.pairs,
        target_tokens_per_second=_overall_speed(history),
        seconds=time.monotonic() - started,
    )
    logger.info(
        f"trained in {duration(result.seconds)}, stopped by training.{stopped_by}; the weights are those of"
        f" epoch {best.epoch}, eval loss {best.loss:.4f}"
    )
    return result


class _Sums:
    """Sums over batches, and the seconds that they took."""

    def __init__(self):
        self.loss = self.correct = self.tokens = 0.0
        self._started = self._ended = time.monotonic()

    def add(self, loss: float, correct: float, tokens: float) -> None:
        """Adds a batch."""
        self.loss += loss
        self.correct += correct
        self.tokens += tokens
        self._ended = time.monotonic()

    @property
    def seconds(self) -> float:
        return self._ended - self._started


def _train(step: BatchStep, batches: tf.data.Dataset, training: TrainingConfig, progress: Progress) -> _Sums:
    sums = _Sums()
    for batch in batches:
        loss, correct, tokens = (float(total) for total in step(batch))
        _check_loss("training", loss, f"epoch {progress.epoch}, step {progress.step + 1}", training)
        sums.add(loss, correct, tokens)
        progress.after_step(pairs=int(tf.size(batch["source_length"])), loss=loss, tokens=tokens)
        if progress.step == training.max_steps:
            break
    return sums


def _evaluate(step: BatchStep, batches: tf.data.Dataset, training: TrainingConfig, progress: Progress) -> _Sums:
    sums = _Sums()
    for batch in batches:
        sums.add(*(float(total) for total in step(batch)))
    _check_loss("eval", sums.loss, f"end of epoch {progress.epoch}", training)
    return sums


def _check_loss(kind: str, loss: float, where: str, training: TrainingConfig) -> None:
    if not math.isfinite(loss):
        raise FloatingPointError(
            f"{where}: the {kind} loss is {loss}; lower training.learning_rate"
            f" ({training.learning_rate:g}) or training.clip_norm ({training.clip_norm:g})"
        )


def _reason_to_stop(training: TrainingConfig, progress: Progress, best: BestWeights) -> StoppedBy | None:
    if progress.step == training.max_steps:
        return "max_steps"
    if progress.epoch == training.epochs:
        return "epochs"
    if progress.epoch - best.epoch >= training.early_stopping_patience:
        return "early_stopping_patience"
    return None


def _overall_speed(history: list[EpochResult]) -> float:
    tokens = sum(result.target_tokens_per_second * result.train_seconds for result in history)
    return tokens / sum(result.train_seconds for result in history)
