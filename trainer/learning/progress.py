"""What a person sees while a model trains: lines in the log, and curves in TensorBoard."""

import dataclasses
import logging
import time

import tensorflow as tf

from trainer.config.early_stopping import DECODED_METRICS
from trainer.config.training import TrainingConfig
from trainer.learning.result import EpochResult
from trainer.learning.state import TrainingState
from trainer.learning.sums import Sums

logger = logging.getLogger("seq2seq.trainer")


class Progress:
    """Follows training, and shows it every `training.log_every_seconds` and after each epoch.

    Args:
        training: How the model is trained.
        pairs: Pairs of one epoch.
        log_directory: Folder of TensorBoard's files.
    """

    def __init__(self, training: TrainingConfig, pairs: int, log_directory: str):
        self._training = training
        self._all_pairs = pairs * training.epochs
        self._writer = tf.summary.create_file_writer(log_directory)
        self._started: tuple[float, float] | None = None
        self._line = Sums()
        self._shown = 0.0

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_):
        self._writer.close()

    def after_step(self, state: TrainingState, learning_rate: float) -> None:
        """Shows a step, if it is time to."""
        now = time.monotonic()
        if self._started is None:
            # The first step traces the graph, and says nothing of the time that further ones take.
            self._started = now, self._share_done(state)
            self._begin_line(state, now)
        if now - self._shown < self._training.log_every_seconds:
            return
        since = state.trained.since(self._line)
        speed, waiting = since.tokens / (now - self._shown), since.waiting / (now - self._shown)
        share = self._share_done(state)
        started, share_at_start = self._started
        left = duration((now - started) * (1 - share) / (share - share_at_start))
        logger.info(
            f"epoch {state.epoch}/{self._training.epochs}, step {state.step}: loss {since.mean_loss:.4f},"
            f" {speed:,.0f} target tokens/s, {waiting:.1%} waiting for data, at most {left} left"
        )
        self._curves(
            state.step,
            {
                "train/loss": since.mean_loss,
                "train/target_tokens_per_second": speed,
                "train/waiting_share": waiting,
                "train/learning_rate": learning_rate,
            },
        )
        self._begin_line(state, now)

    def after_epoch(self, result: EpochResult) -> None:
        """Shows what an epoch gave."""
        metric = self._training.early_stopping.metric
        decoded = metric in DECODED_METRICS
        logger.info(
            f"epoch {result.epoch}/{self._training.epochs} done: eval loss {result.eval_loss:.4f}"
            f" (train {result.train_loss:.4f}), token accuracy {result.eval_token_accuracy:.4f},"
            f"{f' {metric} {result.eval_metric:.4f},' if decoded else ''}"
            f" {result.target_tokens_per_second:,.0f} target tokens/s, {result.waiting_share:.1%} waiting for data,"
            f" {duration(result.train_seconds + result.eval_seconds)}"
        )
        self._curves(
            result.step,
            {
                "epoch/train_loss": result.train_loss,
                "epoch/waiting_share": result.waiting_share,
                "eval/loss": result.eval_loss,
                "eval/token_accuracy": result.eval_token_accuracy,
                **({f"eval/{metric}": result.eval_metric} if decoded else {}),
            },
        )
        self._line = Sums()
        self._shown = time.monotonic()

    def _begin_line(self, state: TrainingState, now: float) -> None:
        """Starts to count for the next line."""
        self._line = dataclasses.replace(state.trained)
        self._shown = now

    def _curves(self, step: int, values: dict[str, float]) -> None:
        with self._writer.as_default(step=step):
            for name, value in values.items():
                tf.summary.scalar(name, value)

    def _share_done(self, state: TrainingState) -> float:
        """How much of the training is done, in (0, 1]."""
        by_epochs = state.pairs / self._all_pairs
        return max(by_epochs, state.step / self._training.max_steps) if self._training.max_steps else by_epochs


def duration(seconds: float) -> str:
    """Seconds as people read them: 45 s, 3 min 05 s, 2 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
