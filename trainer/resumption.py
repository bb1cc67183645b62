"""Where the checkpoints of a training lie: under a key of all that it depends on."""

import logging
from typing import Any

import tensorflow as tf

from trainer.config.early_stopping import DECODED_METRICS
from trainer.config.training import TrainingConfig
from trainer.learning.checkpoint_folder import CheckpointFolder
from trainer.learning.training_key import training_key
from trainer.task import Task

logger = logging.getLogger("seq2seq.trainer")

# What the result of a training does not depend on.
_OF_NO_INFLUENCE = {"log_every_seconds", "checkpoints"}


def checkpoint_folder(
    config: dict[str, Any], training: TrainingConfig, task: Task, writes: bool
) -> CheckpointFolder | None:
    """The folder of this very training; None where the configuration names no place for checkpoints.

    Other transformed pairs, vocabularies, settings of model, training or text, weights to start from, code, TensorFlow
    or Keras give another folder.

    Args:
        config: The Trainer's custom_config. Its `checkpoints` is the folder of all trainings of the task.
        training: How the model is trained.
        task: What it is trained on.
        writes: Whether this process writes, or one of the other workers.
    """
    place = config.get("checkpoints")
    if not place:
        logger.info("no folder is given for checkpoints: an interrupted training will begin anew")
        return None
    settings = {
        **{name: config[name] for name in ("source", "target", "shared_vocabulary", "model", "code_version")},
        "training": training.model_dump(exclude=_OF_NO_INFLUENCE),
        "decoding": config["decoding"] if training.early_stopping.metric in DECODED_METRICS else None,
    }
    files = {
        "train": task.train.files(),
        "eval": task.evaluation.files(),
        "source_vocabulary": [task.source_vocabulary],
        "target_vocabulary": [task.target_vocabulary],
        "start": _files_of_start(training.warm_start, task.blessed_model),
    }
    return CheckpointFolder(f"{place}/{training_key(settings, files)}", training.checkpoints.keep, writes)


def _files_of_start(warm_start: str, blessed_model: str | None) -> list[str]:
    """The weights that training starts from, where they are not random."""
    folder = {"none": None, "blessed": blessed_model}.get(warm_start, warm_start)
    return tf.io.gfile.glob(f"{folder}/variables/*") if folder else []
