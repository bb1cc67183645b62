"""What is shown while a model trains."""

import logging
import re
import time

import pytest
import tensorflow as tf

from trainer.config.training import TrainingConfig
from trainer.learning.loss import TokenTotals
from trainer.learning.progress import Progress, duration
from trainer.learning.result import EpochResult
from trainer.learning.state import TrainingState


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3600, "1 h 00 min"),
        (7830, "2 h 10 min"),
    ],
)
def test_duration_as_people_read_it(seconds, text):
    assert duration(seconds) == text


def step_of(state, pairs, loss, tokens, waiting=0.0):
    """Counts a step of one batch."""
    batch = {"source_length": tf.ones([pairs], tf.int64)}
    state.end_step([batch], TokenTotals(loss, 0.0, tokens), seconds=0.05, waiting=waiting)


def test_lines_name_epoch_step_loss_speed_waiting_and_time_left(tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="seq2seq.trainer")
    training, state = TrainingConfig(epochs=4, log_every_seconds=1e-9), TrainingState()
    with Progress(training, pairs=100, log_directory=str(tmp_path)) as progress:
        step_of(state, pairs=50, loss=90.0, tokens=20.0, waiting=9.0)
        progress.after_step(state, learning_rate=0.1)
        time.sleep(0.05)
        step_of(state, pairs=50, loss=30.0, tokens=20.0, waiting=0.001)
        progress.after_step(state, learning_rate=0.1)
        progress.after_epoch(EpochResult(1, 2, 1.5, 1.25, 0.75, 1.25, 5400.0, 100.0, 25.0, 0.1, 0.012))
    step, epoch = caplog.messages
    assert re.fullmatch(
        r"epoch 1/4, step 2: loss 1\.5000, [\d,]+ target tokens/s, [12]\.\d% waiting for data, at most \d+ s left", step
    )
    assert (
        epoch == "epoch 1/4 done: eval loss 1.2500 (train 1.5000), token accuracy 0.7500, 5,400 target tokens/s,"
        " 1.2% waiting for data, 2 min 05 s"
    )
    assert list(tmp_path.glob("events.out.tfevents.*"))


def test_no_line_before_its_time(tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="seq2seq.trainer")
    state = TrainingState()
    with Progress(TrainingConfig(log_every_seconds=3600), pairs=10, log_directory=str(tmp_path)) as progress:
        for _ in range(5):
            step_of(state, pairs=1, loss=1.0, tokens=1.0)
            progress.after_step(state, learning_rate=0.1)
    assert caplog.messages == []
