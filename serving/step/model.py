"""A model one step at a time: the signatures `encode`, `decode_step` and `detokenize`."""

import dataclasses
from collections.abc import Collection, Sequence

import numpy as np
from tensorflow.core.framework import tensor_pb2

from serving import contract, tensors
from serving.client.predictor import Predictor


@dataclasses.dataclass(frozen=True)
class Encoded:
    """Encoded sources: B rows, S source tokens at most, D width of the memory, U width of the state."""

    memory: np.ndarray  # float32 [B, S, D]
    source_length: np.ndarray  # int64 [B]
    state: np.ndarray  # float32 [B, U], that of the first step
    token: np.ndarray  # int64 [B], what the first step reads
    max_length: np.ndarray  # int64 [B], most tokens to write before the end token
    source_tokens: np.ndarray  # string [B, S], "" after the end


class Source:
    """The sources that a batch of steps attends to, ready to be sent; the same at every step."""

    def __init__(self, encoded: Encoded):
        self._memory = encoded.memory
        self._source_length = encoded.source_length
        self.inputs = self._as_inputs()

    def select(self, rows: np.ndarray) -> None:
        """Keeps the rows with these indices, in their order; a row may be taken several times."""
        self._memory = self._memory[rows]
        self._source_length = self._source_length[rows]
        self.inputs = self._as_inputs()

    def _as_inputs(self) -> dict[str, tensor_pb2.TensorProto]:
        # Encoded once, because the memory is by far the largest input of a step.
        return {
            contract.MEMORY: tensors.to_proto(self._memory),
            contract.SOURCE_LENGTH: tensors.to_proto(self._source_length),
        }


class StepModel:
    """The three signatures that a decoder outside of the graph needs."""

    def __init__(self, predictor: Predictor):
        self._predictor = predictor

    def encode(self, texts: Sequence[bytes], with_source_tokens: bool = False) -> Encoded:
        """Encodes texts; without `with_source_tokens`, `source_tokens` is empty."""
        wanted = [contract.MEMORY, contract.SOURCE_LENGTH, contract.STATE, contract.TOKEN, contract.MAX_LENGTH]
        if with_source_tokens:
            wanted.append(contract.SOURCE_TOKENS)
        values = self._predictor.predict(contract.ENCODE, {contract.TEXT: np.array(texts, object)}, wanted)
        values.setdefault(contract.SOURCE_TOKENS, np.zeros((len(texts), 0), object))
        return Encoded(**values)

    def step(self, source: Source, token: np.ndarray, state: np.ndarray, outputs: Collection[str]) -> dict:
        """One step of every row.

        Args:
          source: the encoded sources, B rows.
          token: int64 [B], the token written last.
          state: float32 [B, U], the state that the step before gave.
          outputs: names of those wanted beside the new state.

        Returns:
          Arrays by name; see the contract of `decode_step`.
        """
        inputs = {contract.TOKEN: token, contract.STATE: state, **source.inputs}
        return self._predictor.predict(contract.DECODE_STEP, inputs, [contract.STATE, *sorted(outputs)])

    def detokenize(self, ids: Sequence[Sequence[int]]) -> tuple[list[str], list[tuple[str, ...]]]:
        """Text and tokens of sequences of ids.

        Args:
          ids: one sequence for each row, of any length.

        Returns:
          The texts, and the tokens of each sequence.
        """
        width = max((len(row) for row in ids), default=0)
        padded = np.full((len(ids), width), contract.PAD_ID, np.int64)
        for row, sequence in zip(padded, ids, strict=True):
            row[: len(sequence)] = sequence
        values = self._predictor.predict(
            contract.DETOKENIZE, {contract.TOKENS: padded}, [contract.TEXT, contract.PIECES]
        )
        texts = [text.decode("utf-8", "replace") for text in values[contract.TEXT]]
        pieces = [
            tuple(piece.decode("utf-8", "replace") for piece in row[: len(sequence)])
            for row, sequence in zip(values[contract.PIECES], ids, strict=True)
        ]
        return texts, pieces
