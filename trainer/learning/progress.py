"""What a person sees while a model trains: lines in the log, and curves in TensorBoard."""

import logging
import time

import tensorflow as tf

from trainer.config.training import TrainingConfig
from trainer.learning.result import EpochResult

logger = logging.getLogger("seq2seq.trainer")


class Progress:
    """Follows training, and shows it every `training.log_every_seconds` and after each epoch.

    Args:
        training: How the model is trained.
        pairs: Pairs of one epoch.
        log_directory: Folder of TensorBoard's files.

    Attributes:
        epoch: Number of the running epoch, from 1; the training loop counts it up.
        step: Optimiser steps taken.
    """

    def __init__(self, training: TrainingConfig, pairs: int, log_directory: str):
        self._training = training
        self._all_pairs = pairs * training.epochs
        self._writer = tf.summary.create_file_writer(log_directory)
        self._pairs = 0
        self._started, self._share_at_start = 0.0, 0.0
        self._begin_line()
        self.epoch = 0
        self.step = 0

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_):
        self._writer.close()

    def after_step(self, pairs: int, loss: float, tokens: float) -> None:
        """Counts a step that trained on `pairs` pairs of `tokens` target tokens with summed loss `loss`."""
        self.step += 1
        self._pairs += pairs
        self._loss += loss
        self._tokens += tokens
        now = time.monotonic()
        if self.step == 1:
            # The first step traces the graph, and says nothing of the time that further ones take.
            self._started, self._share_at_start = now, self._share_done()
            self._begin_line()
        if now - self._shown < self._training.log_every_seconds:
            return
        mean, speed = self._loss / self._tokens, self._tokens / (now - self._shown)
        share = self._share_done()
        left = duration((now - self._started) * (1 - share) / (share - self._share_at_start))
        logger.info(
            f"epoch {self.epoch}/{self._training.epochs}, step {self.step}: loss {mean:.4f},"
            f" {speed:,.0f} target tokens/s, at most {left} left"
        )
        self._curves({"train/loss": mean, "train/target_tokens_per_second": speed})
        self._begin_line()

    def after_epoch(self, result: EpochResult) -> None:
        """Shows what an epoch gave."""
        logger.info(
            f"epoch {result.epoch}/{self._training.epochs} done: eval loss {result.eval_loss:.4f}"
            f" (train {result.train_loss:.4f}), token accuracy {result.eval_token_accuracy:.4f},"
            f" {result.target_tokens_per_second:,.0f} target tokens/s,"
            f" {duration(result.train_seconds + result.eval_seconds)}"
        )
        self._curves(
            {
                "epoch/train_loss": result.train_loss,
                "eval/loss": result.eval_loss,
                "eval/token_accuracy": result.eval_token_accuracy,
            }
        )
        self._begin_line()

    def _begin_line(self) -> None:
        """Starts to count for the next line."""
        self._shown = time.monotonic()
        self._loss = self._tokens = 0.0

    def _curves(self, values: dict[str, float]) -> None:
        with self._writer.as_default(step=self.step):
            for name, value in values.items():
                tf.summary.scalar(name, value)

    def _share_done(self) -> float:
        """How much of the training is done, in (0, 1]."""
        by_epochs = self._pairs / self._all_pairs
        return max(by_epochs, self.step / self._training.max_steps) if self._training.max_steps else by_epochs


def duration(seconds: float) -> str:
    """Seconds as people read them: 45 s, 3 min 05 s, 2 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
