"""The weights of an exported model in a new one: what belongs to a token follows the token."""

import logging
from typing import NamedTuple

import numpy as np

from trainer.model.seq2seq import Seq2Seq
from trainer.warm_start.names import named_weights
from trainer.warm_start.record import Origin
from transform.text import read_tokens

logger = logging.getLogger("seq2seq.trainer")

# Weights with one row or column for each token: whose tokens, and along which axis.
_TOKEN_AXES = {
    "encoder/embedding/embeddings": ("source", 0),
    "decoder/embedding/embeddings": ("target", 0),
    "decoder/output_layer/kernel": ("target", 1),
    "decoder/output_layer/bias": ("target", 0),
}


class _Known(NamedTuple):
    """The tokens that both vocabularies have.

    Attributes:
        new: Their ids in the new vocabulary.
        old: Their ids in the old one.
        tokens: Number of tokens in the new vocabulary.
    """

    new: list[int]
    old: list[int]
    tokens: int


def warm_start(model: Seq2Seq, origin: Origin, vocabularies: dict[str, str]) -> None:
    """Gives `model` the weights of `origin`. Those of tokens that `origin` does not know stay as they are.

    Args:
        model: The new model.
        origin: The model to start from.
        vocabularies: Paths of the new model's vocabularies of `source` and `target`.

    Raises:
        ValueError: Where the architectures differ; the model is then as it was.
    """
    _check_settings(model, origin)
    weights = named_weights(model)
    _check_weights({name: weight.shape for name, weight in weights.items()}, origin)
    known = {side: _known(read_tokens(path), origin.vocabularies[side]) for side, path in vocabularies.items()}
    for name, weight in weights.items():
        old = origin.weights[name]
        if name in _TOKEN_AXES:
            side, axis = _TOKEN_AXES[name]
            old = _follow(weight.numpy(), old, known[side], axis)
        weight.assign(old)
    shares = ", ".join(f"{len(common.new):,} of {common.tokens:,} {side} tokens" for side, common in known.items())
    logger.info(f"starting from the weights in {origin.directory}, which knows {shares}")


def _known(new: list[bytes], old: list[bytes]) -> _Known:
    old_ids = {token: index for index, token in enumerate(old)}
    both = [(index, old_ids[token]) for index, token in enumerate(new) if token in old_ids]
    return _Known([index for index, _ in both], [index for _, index in both], len(new))


def _follow(fresh: np.ndarray, old: np.ndarray, known: _Known, axis: int) -> np.ndarray:
    """`fresh` with the rows (or columns, as `axis` says) of known tokens taken from `old`."""
    moved = np.moveaxis(fresh, axis, 0).copy()
    moved[known.new] = np.moveaxis(old, axis, 0)[known.old]
    return np.moveaxis(moved, 0, axis)


def _check_settings(model: Seq2Seq, origin: Origin) -> None:
    """Compares the settings of the architecture, dropout left out, which acts in training alone."""
    here = model.config.model_dump(mode="json")
    differing = [
        f"model.{key} is {_told(origin.model, key)} there and {_told(here, key)} here"
        for key in sorted(here.keys() | origin.model.keys())
        if origin.model.get(key, _default(model, key)) != here.get(key) and not key.endswith("dropout")
    ]
    if differing:
        raise ValueError(f"training.warm_start: {origin.directory} has another architecture: {'; '.join(differing)}")


def _told(settings: dict, key: str) -> str:
    return repr(settings[key]) if key in settings else "not known"


def _default(model: Seq2Seq, key: str):
    """The value of a setting that is younger than the exported model."""
    field = type(model.config).model_fields.get(key)
    return field.default if field else None


def _check_weights(shapes: dict[str, tuple[int, ...]], origin: Origin) -> None:
    """Compares what weights there are, and their shapes where these do not depend on the vocabulary."""
    for name in sorted(shapes.keys() | origin.weights.keys()):
        if name not in shapes or name not in origin.weights:
            where = "there" if name not in shapes else "here"
            raise ValueError(f"training.warm_start: {origin.directory}: {name} is a weight {where} alone")
        here, there = list(shapes[name]), list(origin.weights[name].shape)
        if name in _TOKEN_AXES and len(here) == len(there):
            axis = _TOKEN_AXES[name][1]
            here[axis] = there[axis] = -1
        if here != there:
            raise ValueError(f"training.warm_start: {origin.directory}: {name} has shape {there} there and {here} here")
