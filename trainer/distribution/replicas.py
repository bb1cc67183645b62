"""What a step does on each of the devices that train together. On one device all of it changes nothing.

Each device, a replica, has all weights, is given the whole batch, and computes the rows that are its own. What replicas
have computed is summed before it is used, so that a step does what it would do on one device. The strategy is the one
in whose scope a step is traced.
"""

from collections.abc import Callable
from typing import TypeVar

import keras
import tensorflow as tf

from serving.contract import PAD_ID

Tensors = TypeVar("Tensors")
Result = TypeVar("Result")

# Far from the numbers that seeds are drawn from, so that no replica's stream of random numbers meets another's.
_SEED_DISTANCE = 1_000_003


def on_all_replicas(step: Callable[..., Result], *arguments) -> Result:
    """Runs a step on all replicas; its result must be the same on all of them."""
    strategy = tf.distribute.get_strategy()
    results = strategy.run(step, args=arguments)
    return tf.nest.map_structure(lambda result: strategy.experimental_local_results(result)[0], results)


def own_rows(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """The rows of a batch that this replica computes: every n-th one of n replicas, so that all have long rows.

    All replicas get equally many. Those that are missing are made up with copies of the first row that have no tokens
    to predict.
    """
    context = tf.distribute.get_replica_context()
    replicas = context.num_replicas_in_sync
    if replicas == 1:
        return batch
    missing = -tf.size(batch["source_length"]) % replicas
    fillers = {name: tf.repeat(value[:1], missing, axis=0) for name, value in batch.items()}
    fillers["target_output_ids"] = tf.fill(tf.shape(fillers["target_output_ids"]), tf.constant(PAD_ID, tf.int64))
    whole = {name: tf.concat([value, fillers[name]], axis=0) for name, value in batch.items()}
    return {name: value[context.replica_id_in_sync_group :: replicas] for name, value in whole.items()}


def summed(tensors: Tensors) -> Tensors:
    """The sums of tensors, in any structure, over all replicas."""
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return tensors
    flat = context.all_reduce(tf.distribute.ReduceOp.SUM, tf.nest.flatten(tensors))
    return tf.nest.pack_sequence_as(tensors, flat)


def use_summed_gradients(optimizer: keras.optimizers.Optimizer) -> None:
    """Tells an optimiser that the gradients it gets are `summed`.

    It would sum them itself, but only after it has clipped those of each replica by their own norm.
    """
    optimizer._all_reduce_sum_gradients = lambda gradients_and_variables: gradients_and_variables


def part_random_numbers(model: keras.Model) -> None:
    """Has dropout draw other numbers on each replica.

    A replica's state of a random generator is that of the first one, moved by the replica's number: it can be saved
    and restored as one state, after which this is called again.
    """
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return
    states = [variable.value for variable in model.non_trainable_variables if variable.name == "seed_generator_state"]

    @tf.function(autograph=False)
    def move():
        replica = tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, tf.int64)
        for state in states:
            offset = tf.stack([replica * _SEED_DISTANCE, tf.constant(0, tf.int64)])
            state.assign(state + tf.cast(offset, state.dtype))

    tf.distribute.get_strategy().run(move)
