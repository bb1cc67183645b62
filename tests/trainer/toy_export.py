"""A small model with random weights, exported with its text graph."""

import numpy as np

from serving.contract import END_ID
from tests.transform.vocabulary_files import write_vocabulary
from trainer.config.decoding import DecodingConfig
from trainer.config.model import ModelConfig
from trainer.export.saved_model import export_model
from trainer.export.served_model import ServedModel
from trainer.model.seq2seq import Seq2Seq
from transform.config import TextConfig
from transform.text import TextProcessor

SOURCE_LETTERS = "abcdefgh é"
TARGET_LETTERS = "uvwxyz"
SOURCE = TextConfig(max_length=12)
TARGET = TextConfig(max_length=9, unit="space")


def build_model(seed=0, **settings):
    """A model whose weights are large enough for decoded texts to differ in content and in length."""
    settings = {"embedding_size": 6, "encoder_units": 5, "decoder_units": 6, **settings}
    model = Seq2Seq(ModelConfig(**settings), len(SOURCE_LETTERS) + 4, len(TARGET_LETTERS) + 4)
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(scale=0.9, size=variable.shape))
    bias = model.decoder.output_layer.bias
    bias.assign(bias + 1.2 * np.eye(len(TARGET_LETTERS) + 4)[END_ID])
    return model


def serve_toy(folder, seed=0, decoding=None, **settings):
    """The served model of such a model, in this process."""
    folder.mkdir(parents=True, exist_ok=True)
    return ServedModel(
        build_model(seed, **settings),
        TextProcessor(SOURCE, write_vocabulary(folder / "source", SOURCE_LETTERS)),
        TextProcessor(TARGET, write_vocabulary(folder / "target", TARGET_LETTERS)),
        decoding or DecodingConfig(),
    )


def export_toy(folder, seed=0, decoding=None, **settings):
    """Exports such a model into `folder`; returns the folder of the SavedModel as text."""
    folder.mkdir(parents=True, exist_ok=True)
    export_model(
        model=build_model(seed, **settings),
        source_config=SOURCE,
        target_config=TARGET,
        source_vocabulary=write_vocabulary(folder / "source", SOURCE_LETTERS),
        target_vocabulary=write_vocabulary(folder / "target", TARGET_LETTERS),
        decoding=decoding or DecodingConfig(),
        directory=str(folder / "model"),
    )
    return str(folder / "model")
