"""A model one step at a time: the signatures `encode`, `decode_step` and `detokenize`."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence

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
    min_length: np.ndarray  # int64 [B], fewest tokens to write before the end token
    max_length: np.ndarray  # int64 [B], most tokens to write before the end token
    source_tokens: np.ndarray  # string [B, S], "" after the end


class Source:
    """The sources that steps attend to, ready to be sent; hypotheses of one row share its source."""

    def __init__(self, encoded: Encoded):
        self._encoded = encoded
        self._rows: np.ndarray | None = None
        self._inputs: dict[str, tensor_pb2.TensorProto] = {}

    def inputs(self, rows: np.ndarray) -> dict[str, tensor_pb2.TensorProto]:
        """Inputs of a step for hypotheses of these rows, int [H]."""
        # Encoded again only when they change, because the memory is by far the largest input of a step.
        if self._rows is None or not np.array_equal(rows, self._rows):
            self._rows = rows
            self._inputs = {
                contract.MEMORY: tensors.to_proto(self._encoded.memory[rows]),
                contract.SOURCE_LENGTH: tensors.to_proto(self._encoded.source_length[rows]),
            }
        return self._inputs


class StepModel:
    """The three signatures that a decoder outside of the graph needs."""

    def __init__(self, predictor: Predictor):
        self._predictor = predictor

    def encode(self, texts: Sequence[bytes], with_source_tokens: bool = False) -> Encoded:
        """Encodes texts; without `with_source_tokens`, `source_tokens` is empty."""
        wanted = [contract.MEMORY, contract.SOURCE_LENGTH, contract.STATE, contract.TOKEN]
        wanted += [contract.MIN_LENGTH, contract.MAX_LENGTH]
        if with_source_tokens:
            wanted.append(contract.SOURCE_TOKENS)
        values = self._predictor.predict(contract.ENCODE, {contract.TEXT: np.array(texts, object)}, wanted)
        values.setdefault(contract.SOURCE_TOKENS, np.zeros((len(texts), 0), object))
        return Encoded(**values)

    def step(
        self,
        source: Mapping[str, tensor_pb2.TensorProto],
        token: np.ndarray,
        state: np.ndarray,
        outputs: Collection[str],
    ) -> dict[str, np.ndarray]:
        """One step of every hypothesis.

        Args:
          source: their sources; see Source.
          token: int64 [H], the token written last.
          state: float32 [H, U], the state that the step before gave.
          outputs: names of those wanted beside the new state.

        Returns:
          Arrays by name; see the contract of `decode_step`.
        """
        inputs = {contract.TOKEN: token, contract.STATE: state, **source}
        return self._predictor.predict(contract.DECODE_STEP, inputs, [contract.STATE, *sorted(outputs)])

    def detokenize(self, ids: Sequence[Sequence[int]]) -> tuple[list[str], list[tuple[str, ...]]]:
        """Text and tokens of sequences of ids.

        Args:
          ids: one sequence for each row, of any length.

        Returns:
          The texts, and the tokens of each sequence.
        """
        if not ids:
            return [], []
        width = max(1, *(len(row) for row in ids))
        padded = np.full((len(ids), width), contract.PAD_ID, np.int64)
        for row, sequence in zip(padded, ids, strict=True):
            row[: len(sequence)] = sequence
        values = self._predictor.predict(
            contract.DETOKENIZE, {contract.TOKENS: padded}, [contract.TEXT, contract.PIECES]
        )
        texts = [text.decode("utf-8", "replace") for text in values[contract.TEXT]]
        pieces = [
            tuple(_token(piece, number) for piece, number in zip(row, sequence, strict=False))
            for row, sequence in zip(values[contract.PIECES], ids, strict=True)
        ]
        return texts, pieces

    def vocabulary(self) -> dict[str, int]:
        """Ids of the target's tokens, by what `detokenize` writes for them; asked for anew at each call.

        A model does not tell a client how it cuts text into tokens, so that a prefix or a phrase that a text has to
        hold is given in tokens, or in their ids.
        """
        encoded = self.encode([b""])
        source = Source(encoded).inputs(np.zeros(1, np.int64))
        size = self.step(source, encoded.token, encoded.state, [contract.LOG_PROBS])[contract.LOG_PROBS].shape[1]
        ids = [[number] for number in range(size) if number not in (contract.PAD_ID, contract.START_ID)]
        _, pieces = self.detokenize(ids)
        return {piece: number for (piece,), (number,) in zip(pieces, ids, strict=True)}


def _token(piece: bytes, number: int) -> str:
    # The end is no piece of a text, but it is a token.
    return contract.SPECIAL_TOKENS[contract.END_ID] if number == contract.END_ID else piece.decode("utf-8", "replace")
