"""Training: it learns, it repeats itself, it stops when it should."""

import logging
import random

import numpy as np
import pytest
import tensorflow as tf

import trainer.learning.fit as fit_module
from tests.trainer.transformed_files import pairs_of, write_pairs
from trainer.config.averaging import AveragingConfig
from trainer.config.early_stopping import EarlyStoppingConfig
from trainer.config.model import ModelConfig
from trainer.config.optimizer import OptimizerConfig
from trainer.config.schedule import ScheduleConfig
from trainer.config.training import TrainingConfig
from trainer.data.batches import evaluation_batches
from trainer.learning.fit import fit
from trainer.learning.steps import evaluation_step
from trainer.model.seq2seq import Seq2Seq

VOCABULARY = 12
MODEL = ModelConfig(cell="gru", embedding_size=16, encoder_units=16, decoder_units=32)
TRAINING = TrainingConfig(
    epochs=2, batch_tokens=256, optimizer=OptimizerConfig(learning_rate=0.01), log_every_seconds=3600
)


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    """Sequences to be reversed, to train and to evaluate on."""
    folder = tmp_path_factory.mktemp("reverse")
    generator = random.Random(1)
    pairs = []
    for _ in range(1200):
        source = [generator.randrange(4, VOCABULARY) for _ in range(generator.randrange(1, 6))]
        pairs.append((source, source[::-1]))
    write_pairs(folder / "train" / "part.gz", pairs[:1000], 6)
    write_pairs(folder / "eval" / "part.gz", pairs[1000:], 6)
    return [pairs_of(folder / split / "*", longest=6, split=split) for split in ("train", "eval")]


def train(splits, folder, model=MODEL, **settings):
    training = TRAINING.model_copy(update=settings)
    built = Seq2Seq(model, VOCABULARY, VOCABULARY, training.seed)
    return built, fit(built, training, *splits, str(folder))


def loss_of(model, split):
    step = evaluation_step(model)
    totals = [step(batch) for batch in evaluation_batches(split, TRAINING)]
    return float(sum(total.loss for total in totals) / sum(total.tokens for total in totals))


def test_it_learns_to_reverse(splits, tmp_path):
    model, result = train(splits, tmp_path, epochs=8)
    assert result.history[-1].eval_token_accuracy > 0.95
    assert result.history[-1].eval_loss < 0.3 < result.history[0].eval_loss
    assert result.stopped_by == "epochs"
    assert (result.train_pairs, result.left_out_pairs, result.eval_pairs) == (1000, 0, 200)
    assert result.target_tokens_per_second > 0
    assert model.built


def test_the_same_seed_gives_the_same_losses_to_the_bit(splits, tmp_path):
    config = MODEL.model_copy(update={"dropout": 0.2, "recurrent_dropout": 0.1})
    first, second, other = (train(splits, tmp_path / str(i), config, seed=seed) for i, seed in enumerate((1, 1, 2)))
    losses = [[(epoch.train_loss, epoch.eval_loss) for epoch in result.history] for _, result in (first, second, other)]
    assert losses[0] == losses[1] != losses[2]
    assert first[1].seed == 1
    for one, same in zip(first[0].get_weights(), second[0].get_weights(), strict=True):
        np.testing.assert_array_equal(one, same)


def test_early_stopping_restores_the_best_weights(splits, tmp_path):
    # A step size this large makes some later epoch worse.
    model, result = train(
        splits,
        tmp_path,
        epochs=30,
        optimizer=OptimizerConfig(learning_rate=0.3),
        early_stopping=EarlyStoppingConfig(patience=1),
    )
    losses = [epoch.eval_loss for epoch in result.history]
    assert result.stopped_by == "early_stopping.patience"
    assert len(losses) == result.best_epoch + 1 < 30
    assert min(losses) == losses[result.best_epoch - 1] < losses[-1]
    assert loss_of(model, splits[1]) == pytest.approx(min(losses), rel=1e-6)


def test_max_steps_ends_the_training_within_an_epoch(splits, tmp_path):
    _, result = train(splits, tmp_path, max_steps=3)
    assert result.stopped_by == "max_steps"
    assert [epoch.step for epoch in result.history] == [3]


def test_a_loss_that_is_no_number_stops_with_a_clear_error(splits, tmp_path):
    model = Seq2Seq(MODEL, VOCABULARY, VOCABULARY)
    model.decoder.output_layer.bias.assign(tf.fill([VOCABULARY], np.nan))
    with pytest.raises(
        FloatingPointError, match=r"epoch 1, step 1: the training loss is nan; lower training\.optimizer\.learning_rate"
    ):
        fit(model, TRAINING, *splits, str(tmp_path))


def test_tensorboard_gets_its_curves(splits, tmp_path):
    train(splits, tmp_path, log_every_seconds=1e-6, epochs=1)
    (events,) = tmp_path.glob("events.out.tfevents.*")
    tags = {value.tag for event in tf.compat.v1.train.summary_iterator(str(events)) for value in event.summary.value}
    assert tags == {
        "train/loss",
        "train/target_tokens_per_second",
        "train/waiting_share",
        "train/learning_rate",
        "epoch/waiting_share",
        "epoch/train_loss",
        "eval/loss",
        "eval/token_accuracy",
    }


def test_the_log_says_what_is_trained_and_that_cudnn_is_out(splits, tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="seq2seq.trainer")
    train(splits, tmp_path, MODEL.model_copy(update={"recurrent_dropout": 0.25}), max_steps=1)
    assert "training on 1,000 pairs (0 left out as too long), evaluating on 200" in caplog.messages[0]
    assert caplog.messages[1] == "recurrent dropout is 0.25: cuDNN is not used with it"
    assert "stopped by training.max_steps; what remains: weights of epoch 1, eval loss" in caplog.messages[-1]


def test_an_interrupt_comes_through_and_closes_the_curves(splits, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(fit_module.Progress, "after_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(splits, tmp_path)
    assert list(tmp_path.glob("events.out.tfevents.*"))


def test_the_learning_rate_ends_with_the_training(splits, tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="seq2seq.trainer")
    schedule = ScheduleConfig(decay="linear", warmup_steps=5, end_factor=0.1)
    optimizer = OptimizerConfig(learning_rate=0.01, accumulate_batches=2)
    _, result = train(splits, tmp_path, schedule=schedule, optimizer=optimizer)
    first, last = result.history
    assert first.step * 2 == last.step
    assert last.learning_rate == pytest.approx(0.001)
    assert first.learning_rate == pytest.approx(0.01 * (1 - 0.9 * (first.step - 5) / (last.step - 5)))
    assert f"learning rate: linear down to step {last.step}; {first.step} steps an epoch" in caplog.messages


def test_the_learning_rate_falls_where_the_loss_does_not(splits, tmp_path):
    _, result = train(
        splits,
        tmp_path,
        epochs=6,
        optimizer=OptimizerConfig(learning_rate=10.0),
        schedule=ScheduleConfig(decay="plateau", plateau_factor=0.1),
        early_stopping=EarlyStoppingConfig(patience=None),
    )
    worse = [
        index
        for index, epoch in enumerate(result.history[:-1])
        if epoch.eval_loss > min(before.eval_loss for before in result.history[: index + 1])
    ]
    assert worse
    for index, epoch in enumerate(result.history):
        falls = sum(earlier < index for earlier in worse)
        assert epoch.learning_rate == pytest.approx(10.0 * 0.1**falls)


def test_evaluation_and_the_end_have_the_moving_average(splits, tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="seq2seq.trainer")
    averaging = AveragingConfig(ema_decay=0.9)
    model, result = train(splits, tmp_path, averaging=averaging)
    # Of the two first epochs the mean is worse than the second.
    _, without = train(splits, tmp_path, averaging=AveragingConfig(checkpoints=2))
    assert without.averaged_epochs == (2,)
    assert "mean of the weights of epochs 1, 2: loss_per_token" in caplog.messages[-2]
    assert caplog.messages[-2].endswith("no better than the best of them alone")
    assert without.eval_loss == without.history[1].eval_loss
    assert result.history[0].train_loss == without.history[0].train_loss
    assert result.history[1].train_loss == without.history[1].train_loss
    assert result.eval_loss != without.eval_loss
    assert loss_of(model, splits[1]) == pytest.approx(result.eval_loss, rel=1e-6)


def test_the_mean_of_the_best_epochs_remains_where_it_is_better(splits, tmp_path):
    # Steps this large go to and fro, and their middle is better.
    settings = {"optimizer": OptimizerConfig(learning_rate=0.03), "epochs": 8}
    model, result = train(splits, tmp_path, averaging=AveragingConfig(checkpoints=3), **settings)
    losses = [epoch.eval_loss for epoch in result.history]
    assert list(result.averaged_epochs) == sorted(range(1, 9), key=lambda epoch: losses[epoch - 1])[:3]
    assert result.eval_loss < min(losses)
    assert loss_of(model, splits[1]) == pytest.approx(result.eval_loss, rel=1e-6)
