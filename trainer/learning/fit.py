"""Training from the first step, or from a checkpoint, to the weights that remain."""

import logging
from contextlib import nullcontext

from trainer.config.early_stopping import DECODED_METRICS
from trainer.config.training import TrainingConfig
from trainer.data.batches import count_training_batches
from trainer.data.pairs import Pairs
from trainer.learning.best_weights import BestWeights
from trainer.learning.checkpoint_folder import CheckpointFolder
from trainer.learning.checkpoints import Checkpoints
from trainer.learning.decoded_sample import TargetText
from trainer.learning.evaluation import Evaluation
from trainer.learning.final_weights import choose_weights
from trainer.learning.interruption import Interruption, InterruptionError
from trainer.learning.learner import Learner
from trainer.learning.loop import Loop
from trainer.learning.progress import Progress, duration
from trainer.learning.result import EpochResult, TrainingResult
from trainer.learning.schedule import NEEDS_LAST_STEP, Schedule
from trainer.learning.state import TrainingState
from trainer.model.seq2seq import Seq2Seq

logger = logging.getLogger("seq2seq.trainer")


def fit(
    model: Seq2Seq,
    training: TrainingConfig,
    train: Pairs,
    evaluation: Pairs,
    log_directory: str,
    text: TargetText | None = None,
    folder: CheckpointFolder | None = None,
) -> TrainingResult:
    """Trains `model`, and leaves it with the best weights: those of the best epoch, or the mean of the best epochs.

    With a folder of checkpoints, training goes on from the newest one that is there, and ends as it would have ended
    without the interruption. SIGINT and SIGTERM then save it before they do what they do.

    Args:
        model: The model, its weights as they start.
        training: How it is trained.
        train: Pairs to train on.
        evaluation: Pairs whose metric tells when to stop.
        log_directory: Folder for TensorBoard's files.
        text: How ids become text; needed where early stopping goes by a metric of decoded text.
        folder: Checkpoints of this very training; see training_key. None: it is not saved.

    Raises:
        FloatingPointError: Where a loss is no longer a finite number.
        ValueError: Where a split has no pairs, or pairs that the configuration refuses.
    """
    train_survey, eval_survey = train.survey(), evaluation.survey()
    logger.info(
        f"training on {train_survey.pairs:,} pairs ({train_survey.left_out:,} left out as too long),"
        f" evaluating on {eval_survey.pairs:,}; {model.count_params():,} weights, seed {training.seed}"
    )
    if model.config.recurrent_dropout:
        logger.info(f"recurrent dropout is {model.config.recurrent_dropout:g}: cuDNN is not used with it")

    learner = Learner(model, training, _schedule(training, train))
    interruption = Interruption()
    measure = Evaluation(model, evaluation, eval_survey.pairs, training, text, interruption.check).measure
    best = BestWeights(model.trainable_variables, training.averaging.checkpoints)
    state = TrainingState()
    checkpoints = Checkpoints(folder, training.checkpoints, learner, best, state)
    checkpoints.restore()

    with Progress(training, train_survey.pairs, log_directory) as progress, interruption if folder else nullcontext():
        try:
            Loop(training, train, learner, measure, best, state, checkpoints, interruption, progress).run()
        except InterruptionError as signal:
            checkpoints.save()
            logger.info(f"interrupted by {signal}: saved at step {state.step:,}; the same run again goes on from there")
            interruption.deliver()

    metric = training.early_stopping.metric
    final = choose_weights(best, state.history, metric, measure)
    result = TrainingResult(
        history=tuple(state.history),
        metric=metric,
        best_epoch=best.epochs[0],
        averaged_epochs=final.epochs,
        eval_loss=final.loss,
        eval_metric=final.metric,
        stopped_by=state.stopped_by(training),
        seed=training.seed,
        train_pairs=train_survey.pairs,
        left_out_pairs=train_survey.left_out,
        eval_pairs=eval_survey.pairs,
        target_tokens_per_second=_mean_over_time(state.history, "target_tokens_per_second"),
        waiting_share=_mean_over_time(state.history, "waiting_share"),
        seconds=checkpoints.seconds,
    )
    decoded = f", {metric} {final.metric:.4f}" if metric in DECODED_METRICS else ""
    logger.info(
        f"trained in {duration(result.seconds)}, stopped by training.{result.stopped_by}; what remains:"
        f" {final}, eval loss {final.loss:.4f}{decoded}"
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


def _mean_over_time(history: list[EpochResult], figure: str) -> float:
    """The mean of an epoch's figure, weighted by the time of training."""
    seconds = sum(result.train_seconds for result in history)
    return sum(getattr(result, figure) * result.train_seconds for result in history) / seconds
