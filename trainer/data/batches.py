"""Batches of pairs of about the same length, within a budget of tokens."""

import random

import tensorflow as tf

from trainer.config.training import TrainingConfig
from trainer.data.pairs import RECORD, Pairs
from transform.features import EXAMPLE_WEIGHT

# What a batch is made of: ids [batch, time], lengths and weights [batch].
BATCH_SIGNATURE = {
    "source_ids": tf.TensorSpec([None, None], tf.int64),
    "source_length": tf.TensorSpec([None], tf.int64),
    "target_input_ids": tf.TensorSpec([None, None], tf.int64),
    "target_output_ids": tf.TensorSpec([None, None], tf.int64),
    "target_length": tf.TensorSpec([None], tf.int64),
    EXAMPLE_WEIGHT: tf.TensorSpec([None], tf.float32),
}

_BATCHES_AHEAD = 4


def training_batches(pairs: Pairs, training: TrainingConfig, epoch: int, skip: int = 0) -> tf.data.Dataset:
    """All pairs once, in an order that follows from `training.seed` and `epoch`: dicts as BATCH_SIGNATURE says.

    The first `skip` batches are left out, at the price of reading their rows; they are not parsed.
    """
    return _parsed(_cut_rows(pairs, training, _seed(training, epoch)).skip(skip), pairs)


def count_training_batches(pairs: Pairs, training: TrainingConfig, epoch: int) -> int:
    """How many batches `training_batches` gives, at the price of reading all rows."""
    return int(_cut_rows(pairs, training, _seed(training, epoch)).reduce(0, lambda count, _: count + 1))


def evaluation_batches(pairs: Pairs, training: TrainingConfig) -> tf.data.Dataset:
    """All pairs once, always in the same order: dicts as BATCH_SIGNATURE says."""
    return _parsed(_cut_rows(pairs, training, None), pairs)


def _seed(training: TrainingConfig, epoch: int) -> int:
    return random.Random(f"{training.seed}/{epoch}").randrange(2**31)


def _parsed(batches: tf.data.Dataset, pairs: Pairs) -> tf.data.Dataset:
    """Dicts as BATCH_SIGNATURE says, of serialized rows, string [rows]."""
    options = tf.data.Options()
    # There is nothing to tune, and the tuner's thread delays the end of an iterator that is left early by seconds.
    options.autotune.enabled = False
    parsed = batches.map(lambda records: _trim(pairs.parse(records)))
    return parsed.prefetch(_BATCHES_AHEAD).with_options(options)


def _cut_rows(pairs: Pairs, training: TrainingConfig, seed: int | None) -> tf.data.Dataset:
    """Cuts pools of `training.shuffle_buffer` rows, sorted by length, into batches, drawn at random if there is a seed.

    A batch is its serialized rows, string [rows].

    A pool is a fair sample of the rows, and all lengths come all the time. Buckets that are filled as rows come by
    give what is left in them, rare lengths above all, at the end of an epoch, and the model learns those last.
    """

    def batches_of(pool):
        longer = tf.maximum(pool["source_length"], pool["target_length"])
        # By the longer side, and within it by the target. Lengths are below 2**31.
        order = tf.argsort(longer * 2**31 + pool["target_length"], stable=True)
        records = tf.gather(pool[RECORD], order)
        cuts = _cuts(tf.gather(longer, order), training.batch_tokens, training.max_batch_size)
        batches = tf.data.Dataset.from_tensor_slices((cuts[:-1], cuts[1:]))
        if seed is not None:
            batches = batches.shuffle(tf.size(cuts, tf.int64), seed=seed)
        return batches.map(lambda start, end: records[start:end])

    shuffle = None if seed is None else (training.shuffle_buffer, seed)
    pools = pairs.pools(training.shuffle_buffer, shuffle).prefetch(1)
    return pools.flat_map(batches_of)


def _cuts(lengths: tf.Tensor, batch_tokens: int, max_batch_size: int) -> tf.Tensor:
    """Where to cut rows of rising lengths, int64 [rows]: 0, then the end of each batch, int64 [batches + 1]."""
    end = tf.size(lengths, tf.int64)
    cuts = end[tf.newaxis]

    def cut(end, cuts):
        # The last row is the longest of its batch, and so decides how many fit.
        fitting = tf.clip_by_value(batch_tokens // lengths[end - 1], 1, max_batch_size)
        start = tf.maximum(end - fitting, 0)
        return start, tf.concat([[start], cuts], axis=0)

    shapes = (tf.TensorShape([]), tf.TensorShape([None]))
    return tf.while_loop(lambda end, _: end > 0, cut, (end, cuts), shape_invariants=shapes)[1]


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
