"""One count of benchmarks/scale_training.py, in a process of its own: prints what was measured, as JSON."""

import dataclasses
import json
import resource
import sys
import time
from pathlib import Path

import tensorflow as tf

from benchmarks.scale_data import pairs
from serving.contract import END_ID, PAD_ID, SPECIAL_TOKENS, START_ID
from trainer.config.model import ModelConfig
from trainer.config.training import TrainingConfig
from trainer.data.batches import training_batches
from trainer.data.pairs import Pairs
from trainer.learning.epoch import train_epoch
from trainer.learning.learner import Learner
from trainer.learning.schedule import Schedule
from trainer.learning.state import TrainingState
from trainer.learning.sums import Sums
from trainer.model.seq2seq import Seq2Seq
from transform import features

_PAIRS_OF_A_SHARD = 100_000
# Reading does not know that a pair has come before, and most of the time to write one goes by in making it.
_REPEATED = 10
_MAX_LENGTH = 24
_WIDTH = _MAX_LENGTH + 1
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_IDS = {letter: number for number, letter in enumerate(_LETTERS, start=len(SPECIAL_TOKENS))}


def run(count: int, steps: int, folder: Path) -> dict[str, float]:
    """Writes the pairs that are not there yet, reads an epoch of them, and trains for some steps."""
    shards = -(-count // _PAIRS_OF_A_SHARD)
    for shard in range(shards):
        _write_shard(folder, shard)
    specification = {name: tf.io.FixedLenFeature([len(values)], tf.int64) for name, values in _row([], []).items()}
    # Whole shards are read.
    patterns = [str(_shard(folder, shard)) for shard in range(shards)]
    train = Pairs("train", patterns, specification, "drop", "drop")
    training = TrainingConfig.model_validate({"batch_tokens": 2048, "max_steps": steps})

    started, read = time.monotonic(), 0
    for batch in training_batches(train, training, epoch=1):
        read += len(batch[features.SOURCE_LENGTH])
    reading = time.monotonic() - started
    memory_read = _peak_memory_mb()

    vocabulary_size = len(SPECIAL_TOKENS) + len(_LETTERS)
    model = Seq2Seq(ModelConfig(), vocabulary_size, vocabulary_size, seed=1)
    learner = Learner(model, training, Schedule(training.schedule, training.optimizer.learning_rate))
    state, first = TrainingState(), Sums()

    def after_step() -> None:
        # The first step traces the graph, and waits until the rows to shuffle are there.
        nonlocal first
        if state.step == 1:
            first = dataclasses.replace(state.trained)

    train_epoch(learner, train, training, state, after_step)
    trained = state.trained.since(first)
    return {
        "pairs": read,
        "shards": shards,
        "pairs_per_second": read / reading,
        "peak_memory_read_mb": memory_read,
        "peak_memory_trained_mb": _peak_memory_mb(),
        "target_tokens_per_second": trained.tokens / trained.seconds,
        "waiting_share": trained.waiting / trained.seconds,
    }


def _peak_memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _shard(folder: Path, number: int) -> Path:
    return folder / f"transformed_examples-{number:05}.gz"


def _write_shard(folder: Path, number: int) -> None:
    path = _shard(folder, number)
    if path.exists():
        return
    unfinished = path.with_suffix(".unfinished")
    with tf.io.TFRecordWriter(str(unfinished), tf.io.TFRecordOptions("GZIP", compression_level=1)) as writer:
        distinct = _PAIRS_OF_A_SHARD // _REPEATED
        records = [
            _serialized(_row(_ids(source), _ids(target.split(" "))))
            for source, target in pairs(number * distinct, distinct)
        ]
        for _ in range(_REPEATED):
            for record in records:
                writer.write(record)
    unfinished.rename(path)


def _ids(tokens) -> list[int]:
    return [_IDS[token] for token in tokens[:_MAX_LENGTH]]


def _row(source: list[int], target: list[int]) -> dict[str, list[int]]:
    return {
        features.SOURCE_IDS: _padded([*source, END_ID]),
        features.SOURCE_MASK: _padded([1] * (len(source) + 1)),
        features.SOURCE_LENGTH: [len(source) + 1],
        features.SOURCE_TOO_LONG: [0],
        features.TARGET_INPUT_IDS: _padded([START_ID, *target]),
        features.TARGET_OUTPUT_IDS: _padded([*target, END_ID]),
        features.TARGET_MASK: _padded([1] * (len(target) + 1)),
        features.TARGET_LENGTH: [len(target) + 1],
        features.TARGET_TOO_LONG: [0],
    }


def _serialized(row: dict[str, list[int]]) -> bytes:
    return tf.train.Example(
        features=tf.train.Features(
            feature={
                name: tf.train.Feature(int64_list=tf.train.Int64List(value=values)) for name, values in row.items()
            }
        )
    ).SerializeToString()


def _padded(ids: list[int]) -> list[int]:
    return ids + [PAD_ID] * (_WIDTH - len(ids))


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    sys.stdout.write("\n" + json.dumps(run(asked["count"], asked["steps"], Path(asked["folder"]))) + "\n")
