"""What `seq2seq translate` prints of a translation."""

import dataclasses
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from serving.lines import on_one_line

if TYPE_CHECKING:
    from serving.client import Candidate, Translation


@dataclasses.dataclass(frozen=True)
class OutputFormat:
    """Which parts of a translation are printed, and how."""

    n_best: int | None = None  # None: the best alone, without number
    scores: bool = False
    alignment: bool = False
    jsonl: bool = False
    show_source: bool = False

    def details(self) -> list[str]:
        """What a TranslationClient has to be asked for beside the translation."""
        details = []
        if self.n_best is not None or self.scores or self.alignment or self.jsonl:
            details += ["translations", "scores"]
        if self.alignment or self.jsonl:
            details += ["tokens", "token_log_probs", "source_tokens"]
        if self.alignment:
            details.append("alignment")
        return details

    def lines(self, source: bytes, answer: "Translation") -> Iterator[bytes]:
        """The lines for one text, line ends included; a line break inside a text becomes a space."""
        if self.jsonl:
            yield json.dumps(self._document(source, answer), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
            return
        before = [source] if self.show_source else []
        if not self.details():
            yield _row([*before, answer.text.encode()])
            return
        for rank, candidate in enumerate(answer.candidates[: self.n_best or 1], 1):
            number = [b"%d" % rank] if self.n_best is not None else []
            score = [f"{candidate.score:.4f}".encode()] if self.scores else []
            yield _row([*before, *number, *score, candidate.text.encode()])
            if self.alignment:
                yield from _table(candidate, answer.source_tokens)

    def _document(self, source: bytes, answer: "Translation") -> dict[str, Any]:
        candidates = []
        for one in answer.candidates[: self.n_best or 1]:
            candidate = {"text": one.text, "score": one.score, "tokens": one.tokens}
            candidate["token_log_probs"] = one.token_log_probs.astype(float).round(6).tolist()
            if self.alignment:
                candidate["alignment"] = one.alignment.astype(float).round(6).tolist()
            candidates.append(candidate)
        return {
            "source": source.decode("utf-8", "replace"),
            "translation": answer.text,
            "candidates": candidates,
            "source_tokens": answer.source_tokens,
        }


def _row(fields: list[bytes]) -> bytes:
    return b"\t".join(on_one_line(field) for field in fields) + b"\n"


def _table(candidate: "Candidate", source_tokens: tuple[str, ...]) -> Iterator[bytes]:
    """Attention, a row for each token of the target and a column for each of the source, and an empty line."""
    yield _row([b"", *(token.encode() for token in source_tokens)])
    for token, row in zip(candidate.tokens, candidate.alignment, strict=True):
        yield _row([token.encode(), *(f"{value:.2f}".encode() for value in row)])
    yield b"\n"
