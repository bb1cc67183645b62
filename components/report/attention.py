"""What a model looked at while it decoded, asked of the exported model itself."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from serving import contract

# Tokens of either side that a picture has room for.
MOST_TOKENS = 60


@dataclasses.dataclass(frozen=True)
class Attention:
    """Of one answer.

    Attributes:
      source_tokens, target_tokens: end tokens included.
      weights: for each target token, how much of its attention each source token got, from 0 to 1.
    """

    source_tokens: list[str]
    target_tokens: list[str]
    weights: list[list[float]]


def read_attention(model: str, sources: Sequence[str]) -> list[Attention | None]:
    """Asks a model for its best answers to a few texts.

    Args:
      model: folder of the SavedModel.
      sources: the texts.

    Returns:
      An attention per text; None where the model has none, or there are too many tokens to draw.
    """
    if not sources:
        return []
    signature = tf.saved_model.load(model).signatures[contract.SERVING_DEFAULT]
    answer = {name: value.numpy() for name, value in signature(**{contract.TEXT: tf.constant(sources)}).items()}
    return [
        _attention(source, target, weights)
        for source, target, weights in zip(
            answer[contract.SOURCE_TOKENS], answer[contract.TOKENS][:, 0], answer[contract.ALIGNMENT][:, 0], strict=True
        )
    ]


def _attention(source: np.ndarray, target: np.ndarray, weights: np.ndarray) -> Attention | None:
    source_tokens, target_tokens = (
        [token.decode(errors="replace") for token in side if token] for side in (source, target)
    )
    seen = weights[: len(target_tokens), : len(source_tokens)]
    if not seen.any() or max(len(source_tokens), len(target_tokens)) > MOST_TOKENS:
        return None
    return Attention(source_tokens, target_tokens, seen.tolist())
