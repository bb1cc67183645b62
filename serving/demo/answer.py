"""What the page shows of a model's answer, as JSON."""

from typing import Any

import numpy as np

from serving.client.translation import Candidate, Translation

MOST_CELLS = 4000  # of a picture of the attention: what a page draws at once, and a person can still read
# The word unit writes this where a token is joined to its neighbour without a space.
_JOINER = "￭"
# The subword unit writes these for each other, and begins a text with a space that is not part of it.
_MARKER, _SPACE = "▁", " "
_SWAPPED = str.maketrans({_MARKER: _SPACE, _SPACE: _MARKER})


def describe_answer(answer: Translation) -> dict[str, Any]:
    """The answer for the page.

    Args:
      answer: a translation with all its details.

    Returns:
      `source_tokens`; and `candidates`, best first, each with its `text`, `score`, `log_prob`, `tokens` and
      `attention`. A token has its `text` and its `end`: how many code points of the candidate's text there are up to
      its end, None where it has no place there. The attention is described by `describe_attention`.
    """
    return {
        "source_tokens": answer.source_tokens,
        "candidates": [
            {
                "text": candidate.text,
                "score": candidate.score,
                "log_prob": candidate.log_prob,
                "tokens": _tokens(candidate),
                "attention": describe_attention(candidate.alignment),
            }
            for candidate in answer.candidates
            if candidate.tokens  # a list that is short of hypotheses is filled up with some that have not even an end
        ],
    }


def describe_attention(alignment: np.ndarray) -> dict[str, Any]:
    """How much each token of a candidate looked at each of the source.

    Args:
      alignment: float [T, S]; all 0 where the model has no attention.

    Returns:
      `kind`: `weights`, with `percent`, T lists of S whole numbers; `none`; or `too_large`, where the picture would
      have more than MOST_CELLS cells.
    """
    if not alignment.any():
        return {"kind": "none"}
    if alignment.size > MOST_CELLS:
        return {"kind": "too_large"}
    percent = np.rint(100 * np.nan_to_num(alignment)).clip(0, 100).astype(int)
    return {"kind": "weights", "percent": percent.tolist()}


def _tokens(candidate: Candidate) -> list[dict[str, Any]]:
    tokens, end = [], 0
    for token in candidate.tokens:
        found = _end_in(candidate.text, token, end)
        end = end if found is None else found
        tokens.append({"text": token, "end": found})
    return tokens


def _end_in(text: str, token: str, begin: int) -> int | None:
    bare = token.removeprefix(_JOINER).removesuffix(_JOINER) or token
    # Between two tokens there is nothing, or a space.
    for place in (begin, begin + 1):
        if text.startswith(bare, place) and text[begin:place] in ("", " "):
            return place + len(bare)
    piece = token.translate(_SWAPPED)
    if begin == 0:
        piece = piece.removeprefix(_SPACE)
    return begin + len(piece) if text.startswith(piece, begin) else None
