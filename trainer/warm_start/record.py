"""What an exported model says of its weights, in a folder of it that model servers leave alone.

The weights themselves are read from the SavedModel's own checkpoint, so that they are stored once.
"""

import dataclasses
import json
import os
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.model.seq2seq import Seq2Seq
from trainer.warm_start.names import named_weights
from transform.text import read_tokens

# SavedModel's own place for files that belong to no graph.
_FOLDER = os.path.join("assets.extra", "training")
_RECORD = "weights.json"
_VOCABULARIES = {"source": "source_vocabulary", "target": "target_vocabulary"}
_CHECKPOINT = os.path.join("variables", "variables")


@dataclasses.dataclass(frozen=True)
class Origin:
    """An exported model to start from.

    Attributes:
        directory: Folder of the SavedModel.
        model: Its section `model` of the configuration.
        weights: Each weight by its name.
        vocabularies: The tokens of `source` and `target` in the order of their ids, special ones included.
    """

    directory: str
    model: dict[str, Any]
    weights: dict[str, np.ndarray]
    vocabularies: dict[str, list[bytes]]


def write_record(model: Seq2Seq, keys: dict[int, str], vocabularies: dict[str, str], directory: str) -> None:
    """Adds to a saved model what a later training needs to start from it.

    Args:
        model: The model that was saved.
        keys: The key in the SavedModel's checkpoint of each of the model's variables, by the variable's `id`.
        vocabularies: Paths of the vocabularies of `source` and `target`.
        directory: Folder of the SavedModel.
    """
    folder = os.path.join(directory, _FOLDER)
    tf.io.gfile.makedirs(folder)
    for side, path in vocabularies.items():
        tf.io.gfile.copy(path, os.path.join(folder, _VOCABULARIES[side]), overwrite=True)
    weights = {name: keys[id(weight)] for name, weight in named_weights(model).items()}
    with tf.io.gfile.GFile(os.path.join(folder, _RECORD), "w") as file:
        json.dump({"model": model.config.model_dump(mode="json"), "weights": weights}, file, indent=2)


def read_origin(directory: str) -> Origin:
    """Reads an exported model's weights, and what they mean.

    Args:
        directory: Folder of a SavedModel, or one that holds it as a pipeline's model artifact does.

    Raises:
        FileNotFoundError: Where there is no such model, or one exported without the record of its weights.
    """
    for folder in (directory, os.path.join(directory, "Format-Serving")):
        record = os.path.join(folder, _FOLDER, _RECORD)
        if tf.io.gfile.exists(record):
            break
    else:
        raise FileNotFoundError(
            f"training.warm_start: {directory} holds no exported model with the record of its weights"
            f" ({os.path.join(_FOLDER, _RECORD)})"
        )
    with tf.io.gfile.GFile(record) as file:
        described = json.load(file)
    checkpoint = tf.train.load_checkpoint(os.path.join(folder, _CHECKPOINT))
    return Origin(
        directory=folder,
        model=described["model"],
        weights={name: checkpoint.get_tensor(key) for name, key in described["weights"].items()},
        vocabularies={side: read_tokens(os.path.join(folder, _FOLDER, name)) for side, name in _VOCABULARIES.items()},
    )
