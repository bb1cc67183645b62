"""What can go wrong when a model is tried out: it answers wrongly, or no answer is to be had."""

from collections.abc import Mapping

import numpy as np

_MOST_VALUES = 8
_LONGEST_TEXT = 200


class RejectedError(Exception):
    """The model is at fault; the message is one line.

    Attributes:
      request: what was asked, for people: the signature and its inputs.
      answer: what came back.
    """

    def __init__(self, fault: str, request: str, answer: str):
        super().__init__(f"{fault}; request: {request}; answer: {answer}")
        self.request = request
        self.answer = answer


class NoAnswerError(Exception):
    """The server did not answer a request: it is gone, or it hangs. Nothing is known of the model."""


def describe_request(signature: str, inputs: Mapping[str, object]) -> str:
    """A request in one line that is not too long."""
    return f"{signature}({', '.join(f'{name}={describe(value)}' for name, value in inputs.items())})"


def describe(value: object) -> str:
    """A value in one line that is not too long: texts as literals, and of large arrays the type and shape too."""
    if isinstance(value, bytes):
        return describe(value.decode("utf-8", "replace"))
    if isinstance(value, str):
        return repr(value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]}…")
    if isinstance(value, np.ndarray | list | tuple):
        return _describe_array(np.asarray(value))
    return str(value)


def _describe_array(array: np.ndarray) -> str:
    values = array.ravel()[:_MOST_VALUES].tolist()
    shown = ", ".join(describe(value) if isinstance(value, bytes | str) else f"{value:.6g}" for value in values)
    if array.size <= _MOST_VALUES and array.ndim == 1:
        return f"[{shown}]"
    more = ", …" if array.size > _MOST_VALUES else ""
    kind = "string" if array.dtype.kind in "OSU" else array.dtype.name
    return f"{kind} {list(array.shape)} [{shown}{more}]"
