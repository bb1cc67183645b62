"""A changed configuration, other data or other code never go on from a checkpoint of before."""

import dataclasses

import pytest

from tests.trainer.transformed_files import pairs_of, write_pairs
from tests.transform.vocabulary_files import write_vocabulary
from trainer.config.checkpoints import CheckpointsConfig
from trainer.config.early_stopping import EarlyStoppingConfig
from trainer.config.model import ModelConfig
from trainer.config.optimizer import OptimizerConfig
from trainer.config.training import TrainingConfig
from trainer.resumption import checkpoint_folder
from trainer.task import Task
from transform.config import TextConfig

TRAINING = TrainingConfig()
CONFIG = {
    "source": TextConfig().model_dump(),
    "target": TextConfig().model_dump(),
    "shared_vocabulary": False,
    "model": ModelConfig().model_dump(),
    "decoding": {"beam_size": 5},
    "code_version": "abc",
    "checkpoints": "checkpoints",
}


@pytest.fixture
def task(tmp_path):
    write_pairs(tmp_path / "train" / "part.gz", [([4], [5])], 6)
    write_pairs(tmp_path / "eval" / "part.gz", [([5], [4])], 6)
    splits = [pairs_of(tmp_path / split / "*", longest=6, split=split) for split in ("train", "eval")]
    vocabularies = [write_vocabulary(tmp_path / side, "ab") for side in ("source", "target")]
    return Task(TextConfig(), TextConfig(), *vocabularies, *splits, None)


def path(config=CONFIG, training=TRAINING, task=None):
    return checkpoint_folder(config, training, task, writes=True).path


def test_what_the_result_does_not_depend_on_keeps_the_folder(task):
    often = TRAINING.model_copy(update={"log_every_seconds": 1.0, "checkpoints": CheckpointsConfig(every_steps=7)})
    assert path(task=task) == path(training=often, task=task)
    assert path(task=task) == path(config=CONFIG | {"decoding": {"beam_size": 1}}, task=task)
    assert path(task=task).startswith("checkpoints/")


def test_all_else_gives_another_folder(task, tmp_path):
    decoded = TRAINING.model_copy(update={"early_stopping": EarlyStoppingConfig(metric="bleu")})
    start = tmp_path / "start" / "variables"
    start.mkdir(parents=True)
    (start / "variables.index").write_bytes(b"weights")
    warm = TRAINING.model_copy(update={"warm_start": "blessed"})
    paths = [
        path(task=task),
        path(config=CONFIG | {"code_version": "abd"}, task=task),
        path(config=CONFIG | {"model": ModelConfig(dropout=0.1).model_dump()}, task=task),
        path(config=CONFIG | {"source": TextConfig(lowercase=True).model_dump()}, task=task),
        path(training=TRAINING.model_copy(update={"optimizer": OptimizerConfig(learning_rate=0.1)}), task=task),
        path(training=decoded, task=task),
        path(training=decoded, config=CONFIG | {"decoding": {"beam_size": 1}}, task=task),
        path(training=warm, task=task),
        path(training=warm, task=dataclasses.replace(task, blessed_model=str(start.parent))),
        path(task=dataclasses.replace(task, target_vocabulary=write_vocabulary(tmp_path / "other", "ac"))),
    ]
    write_pairs(tmp_path / "eval" / "part.gz", [([5], [5])], 6)
    paths.append(path(task=task))
    assert len(set(paths)) == len(paths)


def test_without_a_place_nothing_is_saved(task):
    assert checkpoint_folder(CONFIG | {"checkpoints": None}, TRAINING, task, writes=True) is None
