"""The translation client for asyncio."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Collection, Iterable, Mapping, Sequence

import grpc
import numpy as np
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc

from serving import contract
from serving.client.batches import length_batches
from serving.client.connection import Connection
from serving.client.errors import of_rpc
from serving.client.predictor import ModelAddress, read_outputs
from serving.client.translation import (
    Batching,
    Translation,
    batch_inputs,
    encode_text,
    place_answers,
    wanted_outputs,
)

_BATCHING = Batching()


class AsyncTranslationClient:
    """Translates text with a model on a server, in one event loop. Cancelling a task cancels its calls."""

    def __init__(
        self, connection: Connection | str, model: ModelAddress | str = "seq2seq", batching: Batching = _BATCHING
    ):
        """Makes a client within a running event loop; see TranslationClient."""
        self._connection = Connection(connection) if isinstance(connection, str) else connection
        self._model = ModelAddress(model) if isinstance(model, str) else model
        self._batching = batching
        self._channel = self._connection.aio_channel()
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._slots = asyncio.Semaphore(batching.in_flight)

    async def predict(
        self, signature: str, inputs: Mapping[str, np.ndarray | tensor_pb2.TensorProto], outputs: Sequence[str]
    ) -> dict[str, np.ndarray]:
        """Outputs of a signature; see Predictor.predict."""
        try:
            request = self._model.request(signature, inputs, outputs)
            async with self._slots:
                response = await self._connection.call_async(self._stub.Predict, request)
        except grpc.RpcError as error:
            raise of_rpc(error) from error
        return read_outputs(response, outputs)

    async def translate(self, texts: Sequence[str | bytes], details: Collection[str] = ()) -> list[Translation]:
        """Translates texts; see TranslationClient.translate."""
        outputs = wanted_outputs(details)
        encoded = [encode_text(text) for text in texts]
        answers: list[Translation | None] = [None] * len(encoded)

        async def call(batch: list[int]) -> None:
            values = await self.predict(contract.SERVING_DEFAULT, batch_inputs(encoded, batch), outputs)
            place_answers(answers, batch, values, details)

        batches = list(length_batches(encoded, self._batching.most_texts, self._batching.most_bytes))
        tasks = [asyncio.ensure_future(call(batch)) for batch in reversed(batches)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
        return answers

    async def translate_stream(
        self, texts: Iterable[str | bytes] | AsyncIterable[str | bytes], details: Collection[str] = ()
    ) -> AsyncIterator[Translation]:
        """Translates texts of any number in bounded memory; see TranslationClient.translate_stream."""
        window: list[str | bytes] = []
        async for text in _asynchronous(texts):
            window.append(text)
            if len(window) == self._batching.window:
                for answer in await self.translate(window, details):
                    yield answer
                window = []
        for answer in await self.translate(window, details):
            yield answer

    async def close(self) -> None:
        """Closes the connection."""
        await self._channel.close()

    async def __aenter__(self) -> "AsyncTranslationClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def _asynchronous(texts: Iterable[str | bytes] | AsyncIterable[str | bytes]) -> AsyncIterator[str | bytes]:
    if isinstance(texts, AsyncIterable):
        async for text in texts:
            yield text
    else:
        for text in texts:
            yield text
