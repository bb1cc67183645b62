"""What TFX's Trainer runs: reads, builds, trains, exports. It holds no classes, because TFX reloads this module."""

import dataclasses
import json
import os

import tensorflow as tf

from trainer.config.decoding import DecodingConfig
from trainer.config.model import ModelConfig
from trainer.config.training import TrainingConfig
from trainer.distribution.strategy import create_strategy, folder_to_write, is_chief, wait_for_all
from trainer.export.saved_model import export_model
from trainer.learning.fit import fit
from trainer.learning.result import TrainingResult
from trainer.resumption import checkpoint_folder
from trainer.task import Task
from trainer.tuning.values import with_best_values


def run_fn(fn_args) -> None:
    """Trains a model on transformed pairs and exports it. Of several workers one writes, for all.

    Args:
        fn_args: TFX's FnArgs. Its custom_config holds the sections source, target, model, training and decoding of the
            configuration, and shared_vocabulary; code_version, and checkpoints, the folder of the task's checkpoints,
            where there is one. Its hyperparameters, if any, are the best values of a search.
    """
    config = with_best_values(fn_args.custom_config, fn_args.hyperparameters)
    training = TrainingConfig.model_validate(config["training"])
    # Before anything else that TensorFlow does.
    strategy = create_strategy(training.distribution)
    task = Task.of(fn_args)
    decoding = DecodingConfig.model_validate(config["decoding"])
    text = task.target_text(decoding)
    with strategy.scope(), folder_to_write(fn_args.model_run_dir, strategy) as run_directory:
        model = task.build_model(ModelConfig.model_validate(config["model"]), training)
        checkpoints = checkpoint_folder(config, training, task, writes=is_chief(strategy))
        result = fit(
            model,
            training,
            task.train,
            task.evaluation,
            log_directory=run_directory,
            text=text,
            folder=checkpoints,
        )
        write_result(result, os.path.join(run_directory, "training.json"))
    if is_chief(strategy):
        export_model(
            model=model,
            source_config=task.source,
            target_config=task.target,
            source_vocabulary=task.source_vocabulary,
            target_vocabulary=task.target_vocabulary,
            decoding=decoding,
            directory=fn_args.serving_model_dir,
        )
        if checkpoints:
            # The training is over: nothing can go on from them.
            checkpoints.remove()
    # TFX looks for the model as soon as a worker has returned.
    wait_for_all(strategy)


def write_result(result: TrainingResult, path: str) -> None:
    """Writes a training's figures as JSON, its folder made where it is missing."""
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.gfile.GFile(path, "w") as file:
        json.dump(dataclasses.asdict(result), file, indent=2)
