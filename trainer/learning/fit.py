"""The training loop: epochs, evaluation, early stopping, and which weights remain."""

import logging
import time

from trainer.config.training import TrainingConfig
from trainer.data.batches import count_training_batches
from trainer.data.pairs import Pairs
from trainer.learning.best_weights import BestWeights
from trainer.learning.epoch import evaluate, train_epoch
from trainer.learning.learner import Learner
from trainer.learning.progress import Progress, duration
from trainer.learning.result import EpochResult, TrainingResult
from trainer.learning.schedule import NEEDS_LAST_STEP, Schedule
from trainer.learning.state import TrainingState
from trainer.learning.steps import evaluation_step
from trainer.learning.sums import Sums
from trainer.model.seq2seq import Seq2Seq

logger = logging.getLogger("seq2seq.trainer")


def fit(
    model: Seq2Seq, training: TrainingConfig, train: Pairs, evaluation: Pairs, log_directory: str
) -> TrainingResult:
    """Trains `model`, and leaves it with the best weights: those of the best epoch, or the mean of the best epochs.

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

    learner = Learner(model, training, _schedule(training, train))
    eval_step = evaluation_step(model)
    best = BestWeights(model.trainable_variables, training.averaging.checkpoints)
    state = TrainingState()
    with Progress(training, train_survey.pairs, log_directory) as progress:
        while not state.stopped_by(training):
            train_epoch(learner, train, training, state, progress)
            with learner.averaged():
                evaluated = evaluate(eval_step, evaluation, training, f"end of epoch {state.epoch}")
                best.offer(state.epoch, evaluated.mean_loss)
            result = _epoch_result(state, evaluated, learner.learning_rate)
            progress.after_epoch(result)
            state.end_epoch(result)

    averaged_epochs, eval_loss = _choose_weights(best, lambda: evaluate(eval_step, evaluation, training, "mean"))
    result = TrainingResult(
        history=tuple(state.history),
        best_epoch=best.epochs[0],
        averaged_epochs=averaged_epochs,
        eval_loss=eval_loss,
        stopped_by=state.stopped_by(training),
        seed=training.seed,
        train_pairs=train_survey.pairs,
        left_out_pairs=train_survey.left_out,
        eval_pairs=eval_survey.pairs,
        target_tokens_per_second=_mean_over_time(state.history, "target_tokens_per_second"),
        waiting_share=_mean_over_time(state.history, "waiting_share"),
        seconds=time.monotonic() - started,
    )
    logger.info(
        f"trained in {duration(result.seconds)}, stopped by training.{result.stopped_by}; the weights are"
        f" {_named(averaged_epochs)}, eval loss {eval_loss:.4f}"
    )
    return result


def _schedule(training: TrainingConfig, train: Pairs) -> Schedule:
    """The learning rate's course; its last step is counted where it matters."""
    config, highest = training.schedule, training.optimizer.learning_rate
    if config.decay not in NEEDS_LAST_STEP:
        return Schedule(config, highest)
    batches = count_training_batches(train, training, epoch=1)
    of_epoch = -(-batches // training.optimizer.accumulate_batches)
    last_step = min(of_epoch * training.epochs, training.max_steps or of_epoch * training.epochs)
    logger.info(f"learning rate: {config.decay} down to step {last_step:,}; {of_epoch:,} steps an epoch")
    return Schedule(config, highest, last_step)


def _epoch_result(state: TrainingState, evaluated: Sums, learning_rate: float) -> EpochResult:
    return EpochResult(
        epoch=state.epoch,
        step=state.step,
        train_loss=state.trained.mean_loss,
        eval_loss=evaluated.mean_loss,
        eval_token_accuracy=evaluated.accuracy,
        target_tokens_per_second=state.trained.tokens / state.trained.seconds,
        train_seconds=state.trained.seconds,
        eval_seconds=evaluated.seconds,
        learning_rate=learning_rate,
        waiting_share=state.trained.waiting / state.trained.seconds,
    )


def _choose_weights(best: BestWeights, measure) -> tuple[tuple[int, ...], float]:
    """Puts the weights that remain into the model: the epochs that they are of, and their eval loss.

    The mean of several epochs must be better than the best of them: it is not where they are far from one another.
    """
    best_loss = best.kept[0][0]
    if len(best.kept) > 1:
        best.assign_mean()
        mean_loss = measure().mean_loss
        if mean_loss < best_loss:
            return tuple(best.epochs), mean_loss
        logger.info(f"{_named(best.epochs)} have eval loss {mean_loss:.4f}: no better than the best of them alone")
    best.assign_best()
    return (best.epochs[0],), best_loss


def _named(epochs) -> str:
    if len(epochs) == 1:
        return f"those of epoch {epochs[0]}"
    return f"the mean of those of epochs {', '.join(map(str, sorted(epochs)))}"


def _mean_over_time(history: list[EpochResult], figure: str) -> float:
    """The mean of an epoch's figure, weighted by the time of training."""
    seconds = sum(result.train_seconds for result in history)
    return sum(getattr(result, figure) * result.train_seconds for result in history) / seconds
