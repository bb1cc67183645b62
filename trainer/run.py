"""What TFX's Trainer runs: reads, builds, trains, exports. It holds no classes, because TFX reloads this module."""

import dataclasses
import json
import os

import tensorflow as tf
import tensorflow_transform as tft

from trainer.config.decoding import DecodingConfig
from trainer.config.model import ModelConfig
from trainer.config.training import TrainingConfig
from trainer.data.pairs import Pairs
from trainer.export.saved_model import export_model
from trainer.learning.fit import fit
from trainer.learning.result import TrainingResult
from trainer.model.seq2seq import Seq2Seq
from transform.config import TextConfig
from transform.features import SHARED_VOCABULARY, SOURCE_VOCABULARY, TARGET_VOCABULARY
from transform.text import TextProcessor


def run_fn(fn_args) -> None:
    """Trains a model on transformed pairs and exports it.

    Args:
        fn_args: TFX's FnArgs. Its custom_config holds the sections source, target, model, training and decoding of the
            configuration, and shared_vocabulary.
    """
    config = fn_args.custom_config
    source = TextConfig.model_validate(config["source"])
    target = TextConfig.model_validate(config["target"])
    training = TrainingConfig.model_validate(config["training"])
    transformed = tft.TFTransformOutput(fn_args.transform_output)
    names = (SHARED_VOCABULARY,) * 2 if config["shared_vocabulary"] else (SOURCE_VOCABULARY, TARGET_VOCABULARY)
    source_vocabulary, target_vocabulary = (transformed.vocabulary_file_by_name(name) for name in names)
    feature_spec = transformed.transformed_feature_spec()

    model = Seq2Seq(
        ModelConfig.model_validate(config["model"]),
        TextProcessor(source, source_vocabulary).vocabulary_size,
        TextProcessor(target, target_vocabulary).vocabulary_size,
        training.seed,
    )
    result = fit(
        model,
        training,
        Pairs("train", fn_args.train_files, feature_spec, source.on_too_long, target.on_too_long),
        Pairs("eval", fn_args.eval_files, feature_spec, source.on_too_long, target.on_too_long),
        log_directory=fn_args.model_run_dir,
    )
    write_result(result, os.path.join(fn_args.model_run_dir, "training.json"))
    export_model(
        model=model,
        source_config=source,
        target_config=target,
        source_vocabulary=source_vocabulary,
        target_vocabulary=target_vocabulary,
        decoding=DecodingConfig.model_validate(config["decoding"]),
        directory=fn_args.serving_model_dir,
    )


def write_result(result: TrainingResult, path: str) -> None:
    """Writes a training's figures as JSON, its folder made where it is missing."""
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.gfile.GFile(path, "w") as file:
        json.dump(dataclasses.asdict(result), file, indent=2)
