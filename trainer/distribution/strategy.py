"""The strategy of tf.distribute that the configuration names, and what its workers do one for all."""

import contextlib
import os
import tempfile
from collections.abc import Iterator

import tensorflow as tf

from trainer.config.distribution import DistributionConfig

_COMMUNICATION = tf.distribute.experimental.CommunicationImplementation
_WORKERS = "TF_CONFIG"


def create_strategy(config: DistributionConfig) -> tf.distribute.Strategy:
    """The strategy; for `multi_worker_mirrored` it must be the first thing that TensorFlow does in its process.

    Raises:
        ValueError: Where the devices or the workers are not there.
        RuntimeError: Where TensorFlow is at work already.
    """
    if config.strategy == "mirrored":
        return _mirrored(config.devices)
    if config.strategy == "multi_worker_mirrored":
        return _multi_worker_mirrored(config.communication)
    return tf.distribute.get_strategy()


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process writes what one worker writes for all of them."""
    resolver = strategy.cluster_resolver
    if resolver is None or resolver.task_type is None:
        return True
    if "chief" in resolver.cluster_spec().jobs:
        return resolver.task_type == "chief"
    return resolver.task_type == "worker" and resolver.task_id == 0


@contextlib.contextmanager
def folder_to_write(folder: str, strategy: tf.distribute.Strategy) -> Iterator[str]:
    """The folder for the chief, and for each other worker one of its own that is gone afterwards."""
    if is_chief(strategy):
        yield folder
    else:
        with tempfile.TemporaryDirectory() as own:
            yield own


def wait_for_all(strategy: tf.distribute.Strategy) -> None:
    """Returns when all workers have called it."""

    @tf.function(autograph=False)
    def meet():
        one = tf.ones([])
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, one)

    strategy.run(meet)


def _mirrored(devices: list[str] | None) -> tf.distribute.Strategy:
    there = [device.name.removeprefix("/device:") for device in tf.config.list_logical_devices()]
    for device in devices or []:
        if device not in there:
            raise ValueError(f"training.distribution.devices has {device!r}: this machine has {', '.join(there)}")
    return tf.distribute.MirroredStrategy(devices)


def _multi_worker_mirrored(communication: str) -> tf.distribute.Strategy:
    if not os.environ.get(_WORKERS):
        raise ValueError(
            f"training.distribution.strategy is 'multi_worker_mirrored', but the environment variable {_WORKERS},"
            " which names the workers, is not set"
        )
    options = tf.distribute.experimental.CommunicationOptions(implementation=_COMMUNICATION[communication.upper()])
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
    except RuntimeError as error:
        raise RuntimeError(
            f"training.distribution.strategy 'multi_worker_mirrored' needs a process in which TensorFlow has not yet"
            f" been at work: run the Trainer in one of its own, as Kubeflow and Vertex AI do ({error})"
        ) from error
