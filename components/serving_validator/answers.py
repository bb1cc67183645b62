"""Decoded texts as two ways of decoding give them, and whether they agree."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from serving import contract

# Of log-probabilities, absolute and relative: the two ways add floats in different orders.
_TOLERANCE = 1e-4

DECODED_OUTPUTS = (
    contract.TRANSLATION,
    contract.TRANSLATIONS,
    contract.SCORES,
    contract.LOG_PROBS,
    contract.TOKENS,
    contract.TOKEN_LOG_PROBS,
    contract.ALIGNMENT,
    contract.SOURCE_TOKENS,
)


@dataclasses.dataclass(frozen=True)
class Answer:
    """One decoded text: T tokens, the end token not counted.

    Attributes:
      text: None where it cannot be compared.
      tokens: T; None stands for a token that cannot be compared.
      token_log_probs: T + 1, that of the end token included.
    """

    text: str | None
    tokens: tuple[str | None, ...]
    score: float
    log_prob: float
    token_log_probs: tuple[float, ...]

    def __str__(self) -> str:
        return f"{self.text!r} with score {self.score:.6g}"


def read_answers(values: Mapping[str, np.ndarray], row: int) -> list[Answer]:
    """The n-best list in one row of the decoded outputs; places that no text fills are left out."""
    answers = []
    for place, text in enumerate(values[contract.TRANSLATIONS][row]):
        tokens = tuple(_decode(token) for token in values[contract.TOKENS][row, place] if token)
        if tokens:
            answers.append(
                Answer(
                    text=_decode(text),
                    tokens=tokens[:-1],
                    score=float(values[contract.SCORES][row, place]),
                    log_prob=float(values[contract.LOG_PROBS][row, place]),
                    token_log_probs=tuple(values[contract.TOKEN_LOG_PROBS][row, place, : len(tokens)].tolist()),
                )
            )
    return answers


def is_close(value: float, other: float) -> bool:
    """Whether two log-probabilities are equal but for rounding."""
    return math.isclose(value, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)


def agree(answers: Sequence[Answer], others: Sequence[Answer]) -> bool:
    """Whether two n-best lists are the same, texts that are equally good left out of account."""
    if len(answers) != len(others):
        return False
    return all(_is_same(one, other) or _is_tie(one, other) for one, other in zip(answers, others, strict=True))


def _is_same(one: Answer, other: Answer) -> bool:
    return (
        (one.text == other.text or None in (one.text, other.text))
        and len(one.tokens) == len(other.tokens)
        and all(a == b or None in (a, b) for a, b in zip(one.tokens, other.tokens, strict=True))
        and is_close(one.score, other.score)
        and is_close(one.log_prob, other.log_prob)
        and _are_close(one.token_log_probs, other.token_log_probs)
    )


def _is_tie(one: Answer, other: Answer) -> bool:
    """Whether these are two texts with one score; two names for the same text are told by equal log-probabilities."""
    return is_close(one.score, other.score) and not _are_close(one.token_log_probs, other.token_log_probs)


def _are_close(values: Sequence[float], others: Sequence[float]) -> bool:
    return len(values) == len(others) and all(map(is_close, values, others))


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "replace")
