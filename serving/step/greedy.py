"""Greedy decoding over `decode_step`: the same tokens as the graph's own greedy decoding."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from serving import contract
from serving.client.batches import length_batches
from serving.client.predictor import Predictor
from serving.client.translation import encode_text
from serving.step.model import Source, StepModel


@dataclasses.dataclass(frozen=True)
class Decoded:
    """What a decoder wrote for one text."""

    text: str
    ids: tuple[int, ...]  # T, the end token included
    token_log_probs: tuple[float, ...]  # T

    @property
    def log_prob(self) -> float:
        """Log-probability of the whole, that of the end included."""
        return float(np.sum(np.array(self.token_log_probs, np.float32)))


class GreedyDecoder:
    """Writes the most probable token at each step."""

    def __init__(self, predictor: Predictor, most_texts: int = 64, most_bytes: int = 1 << 20):
        self._model = StepModel(predictor)
        self._most_texts = most_texts
        self._most_bytes = most_bytes

    def decode(self, texts: Sequence[str | bytes]) -> list[Decoded]:
        """Decodes texts; one result for each, in the same order.

        Raises:
          ClientError: a call failed.
        """
        encoded = [encode_text(text) for text in texts]
        results: list[Decoded | None] = [None] * len(encoded)
        for batch in length_batches(encoded, self._most_texts, self._most_bytes):
            for index, result in zip(batch, self._decode([encoded[index] for index in batch]), strict=True):
                results[index] = result
        return results

    def _decode(self, texts: Sequence[bytes]) -> list[Decoded]:
        encoded = self._model.encode(texts)
        ids: list[list[int]] = [[] for _ in texts]
        log_probs: list[list[float]] = [[] for _ in texts]
        source = Source(encoded)
        rows, token, state = np.arange(len(texts)), encoded.token, encoded.state
        written = 0
        while len(rows):
            must_end = encoded.max_length[rows] <= written
            outputs = {contract.TOP_TOKENS, contract.TOP_LOG_PROBS} | (
                {contract.LOG_PROBS} if must_end.any() else set()
            )
            values = self._model.step(source, token, state, outputs)
            token, log_prob = values[contract.TOP_TOKENS][:, 0], values[contract.TOP_LOG_PROBS][:, 0]
            if must_end.any():
                token = np.where(must_end, contract.END_ID, token)
                log_prob = np.where(must_end, values[contract.LOG_PROBS][:, contract.END_ID], log_prob)
            for row, chosen, its_log_prob in zip(rows.tolist(), token.tolist(), log_prob.tolist(), strict=True):
                ids[row].append(chosen)
                log_probs[row].append(its_log_prob)
            written += 1
            state = values[contract.STATE]
            open_rows = np.flatnonzero(token != contract.END_ID)
            if len(open_rows) < len(rows):
                rows, token, state = rows[open_rows], token[open_rows], state[open_rows]
                source.select(open_rows)
        texts_out, _ = self._model.detokenize(ids)
        return [Decoded(text, tuple(row), tuple(its)) for text, row, its in zip(texts_out, ids, log_probs, strict=True)]
