"""Batches of pairs of about the same length, within a budget of tokens."""

import random

import tensorflow as tf

from trainer.config import TrainingConfig
from trainer.pairs import RECORD, Pairs

# What a batch is made of: int64, ids [batch, time], lengths [batch].
BATCH_SIGNATURE = {
    "source_ids": tf.TensorSpec([None, None], tf.int64),
    "source_length": tf.TensorSpec([None], tf.int64),
    "target_input_ids": tf.TensorSpec([None, None], tf.int64),
    "target_output_ids": tf.TensorSpec([None, None], tf.int64),
    "target_length": tf.TensorSpec([None], tf.int64),
}

# Batches of one bucket that are cut from one pool of rows sorted by target length.
_BATCHES_OF_A_POOL = 8
# Batches among which the next one is drawn, so that a pool's batches do not come short targets first.
_BATCHES_TO_DRAW_FROM = 32
_BATCHES_AHEAD = 4


def training_batches(pairs: Pairs, training: TrainingConfig, epoch: int) -> tf.data.Dataset:
    """All pairs once, in an order that follows from `training.seed` and `epoch`: dicts as BATCH_SIGNATURE says."""
    seeds = random.Random(f"{training.seed}/{epoch}")
    batches = _bucketed(pairs, training, (training.shuffle_buffer, seeds.randrange(2**31)))
    order = seeds.randrange(2**31)
    return _ahead(batches.shuffle(_BATCHES_TO_DRAW_FROM, seed=order, reshuffle_each_iteration=False))


def evaluation_batches(pairs: Pairs, training: TrainingConfig) -> tf.data.Dataset:
    """All pairs once, always in the same order: dicts as BATCH_SIGNATURE says."""
    return _ahead(_bucketed(pairs, training, None))


def bucket_bounds(longest: int) -> list[int]:
    """The longest side that each bucket takes, in tokens: rising by a tenth, at least by one, up to `longest`."""
    bounds = [min(4, longest)]
    while bounds[-1] < longest:
        bounds.append(min(longest, max(bounds[-1] + 1, bounds[-1] * 11 // 10)))
    return bounds


def _bucketed(pairs: Pairs, training: TrainingConfig, shuffle: tuple[int, int] | None) -> tf.data.Dataset:
    """Batches of rows. A row's bucket goes by its longer side, its place in the bucket by its target."""
    spec = pairs.feature_spec
    bounds = bucket_bounds(max(spec["source_ids"].shape[0], spec["target_input_ids"].shape[0]))
    sizes = [min(training.max_batch_size, max(1, training.batch_tokens // bound)) for bound in bounds]

    def bucket(row):
        longer = tf.maximum(row["source_length"], row["target_length"])
        return tf.searchsorted(tf.constant(bounds, tf.int64), longer[tf.newaxis], out_type=tf.int64)[0]

    def size(key):
        return tf.gather(tf.constant(sizes, tf.int64), key)

    def cut(key, pool):
        pool = pool.batch(max(sizes) * _BATCHES_OF_A_POOL).map(_sorted_by_target)
        return pool.unbatch().batch(size(key))

    rows = pairs.rows(shuffle)
    records = rows.group_by_window(bucket, cut, window_size_func=lambda key: size(key) * _BATCHES_OF_A_POOL)
    return records.map(lambda records: _trim(pairs.parse(records)))


def _ahead(batches: tf.data.Dataset) -> tf.data.Dataset:
    """The same batches, some of them made while the model works."""
    options = tf.data.Options()
    # There is nothing to tune, and the tuner's thread delays the end of an iterator that is left early by seconds.
    options.autotune.enabled = False
    return batches.prefetch(_BATCHES_AHEAD).with_options(options)


def _sorted_by_target(rows: dict[str, tf.Tensor]) -> tf.Tensor:
    return tf.gather(rows[RECORD], tf.argsort(rows["target_length"], stable=True))


def _trim(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Cuts the padding that no row of the batch needs."""
    source = tf.reduce_max(batch["source_length"])
    target = tf.reduce_max(batch["target_length"])
    return {
        **batch,
        "source_ids": batch["source_ids"][:, :source],
        "target_input_ids": batch["target_input_ids"][:, :target],
        "target_output_ids": batch["target_output_ids"][:, :target],
    }
