"""One line on its way through the model, as events for the page."""

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio.to_thread
import numpy as np

from serving import contract
from serving.client.connection import Connection
from serving.client.errors import ClientError, RequestError
from serving.client.predictor import ModelAddress, Predictor
from serving.client.translation import DETAILS, Translation, encode_text, read_translation, wanted_outputs
from serving.demo.answer import describe_answer
from serving.demo.faults import explain
from serving.demo.line import Line
from serving.step import StepDecoder

Event = dict[str, Any]


async def decode(connection: Connection, model: ModelAddress, line: Line) -> AsyncIterator[Event]:
    """Translates a line. Cancelling ends the call that is under way.

    Args:
      connection: where the model server is.
      model: which model is asked.
      line: what to translate.

    Yields:
      `{"event": "token", "text": ...}` for each token of the greedy translation as it is decided, unless the line has
      a prefix; then `{"event": "answer", ...}` with what `describe_answer` gives. Where a call fails,
      `{"event": "fault", "message": ..., "detail": ...}` in place of all that is left.
    """
    # A connection for each line: closing it cancels this line's calls, and no others. gRPC shares what is below.
    with contextlib.closing(Predictor(connection, model)) as predictor:
        try:
            if not line.prefix:
                async for token in _greedy_tokens(predictor, line.text):
                    yield {"event": "token", "text": token}
            yield {"event": "answer", **describe_answer(await _in_thread(_answer, predictor, line))}
        except ClientError as error:
            yield {"event": "fault", **dataclasses.asdict(explain(error, connection.address, model))}


async def _greedy_tokens(predictor: Predictor, text: str) -> AsyncIterator[str]:
    stream = StepDecoder(predictor).stream([text])
    try:
        while (decided := await _in_thread(next, stream, None)) is not None:
            yield decided.token
    except RequestError:
        # A model that cannot be called step by step still translates; if it is the text, the next call says so.
        return


def _answer(predictor: Predictor, line: Line) -> Translation:
    inputs = {contract.TEXT: np.array([encode_text(line.text)], object)}
    signature = contract.SERVING_DEFAULT
    if line.prefix:
        inputs[contract.PREFIX] = np.array([encode_text(line.prefix)], object)
        signature = contract.COMPLETE
    return read_translation(predictor.predict(signature, inputs, wanted_outputs(DETAILS)), 0, DETAILS)


async def _in_thread(function: Callable, *arguments: object) -> Any:
    # Abandoned, the thread ends by itself: its call fails as soon as the connection is closed.
    return await anyio.to_thread.run_sync(function, *arguments, abandon_on_cancel=True)
