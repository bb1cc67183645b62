"""Text out of the forms in which TFMA hands over a string feature or output of one example."""

from typing import Any

import numpy as np


def text(value: Any) -> str:
    """The only text of a value."""
    [only] = texts(value)
    return only


def texts(value: Any) -> list[str]:
    """All texts of a value: a string, an array, list, sparse or ragged tensor of strings, or None, which has none."""
    if value is None:
        return []
    return [_decode(item) for item in np.ravel(np.asarray(getattr(value, "values", value), object))]


def _decode(item: bytes | str) -> str:
    return item.decode("utf-8", errors="replace") if isinstance(item, bytes) else str(item)
