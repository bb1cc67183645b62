"""Decoding on the client's side: texts in, n best texts out, or tokens as they are decided."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from serving.client.batches import length_batches
from serving.client.predictor import Predictor
from serving.client.translation import Candidate, Translation, encode_text
from serving.step.choice import Beam, Choice, Sampling
from serving.step.constraints import Constraints
from serving.step.lexical import PhraseBeam
from serving.step.model import StepModel
from serving.step.search import Ended, Hook, Search
from serving.step.settings import DecodingSettings, SamplingSettings

_NO_SETTINGS = DecodingSettings()


@dataclasses.dataclass(frozen=True)
class Hypothesis:
    """One of the texts that were decoded for a source: T tokens, S of the source, the end token included in both."""

    text: str
    tokens: tuple[str, ...]  # T
    ids: tuple[int, ...]  # T
    score: float  # log-probability under the length and coverage penalties
    log_prob: float
    token_log_probs: tuple[float, ...]  # T
    alignment: np.ndarray | None  # float32 [T, S]; None unless it was asked for


@dataclasses.dataclass(frozen=True)
class Decoded:
    """The hypotheses of one text, best first; none where no text keeps to all that was asked for."""

    hypotheses: tuple[Hypothesis, ...]
    source_tokens: tuple[str, ...] | None = None  # S; None unless alignments were asked for

    @property
    def text(self) -> str:
        """The best one's text; empty where there is none."""
        return self.hypotheses[0].text if self.hypotheses else ""

    def translation(self) -> Translation:
        """The same in the form in which a TranslationClient answers, every detail given."""
        candidates = tuple(
            Candidate(
                text=one.text,
                score=one.score,
                log_prob=one.log_prob,
                tokens=one.tokens,
                token_log_probs=np.array(one.token_log_probs, np.float32),
                alignment=one.alignment,
            )
            for one in self.hypotheses
        )
        return Translation(self.text, candidates, self.source_tokens)


@dataclasses.dataclass(frozen=True)
class Decided:
    """A token that no later step can change any more; the end token is the last of a text."""

    row: int  # which text
    token: str
    id: int


@dataclasses.dataclass(frozen=True)
class Request:
    """A text to decode, and what its decoding has to keep to; tokens are given by their ids (StepModel.vocabulary)."""

    text: str | bytes
    prefix: tuple[int, ...] = ()  # the decoded text starts with these
    phrases: tuple[tuple[int, ...], ...] = ()  # and holds each of these somewhere
    seed: int = 0  # of what is drawn for this text


class StepDecoder:
    """Decodes texts with a model's `encode`, `decode_step` and `detokenize`. It may be used by several threads."""

    def __init__(
        self,
        predictor: Predictor,
        settings: DecodingSettings = _NO_SETTINGS,
        sampling: SamplingSettings | None = None,
        with_alignment: bool = False,
        hook: Hook | None = None,
        most_texts: int = 64,
        most_bytes: int = 1 << 20,
    ):
        """Makes a decoder.

        Args:
          predictor: calls the model.
          settings: how hypotheses are followed and compared.
          sampling: draws texts in place of searching for the best; beam_size and n_best have no say then.
          with_alignment: whether each hypothesis carries its attention.
          hook: changes the log-probabilities of each step.
          most_texts: texts that are decoded together.
          most_bytes: bytes of the texts that are decoded together.
        """
        self.model = StepModel(predictor)
        self._settings = settings
        self._sampling = sampling
        self._with_alignment = with_alignment
        self._hook = hook
        self._most_texts = most_texts
        self._most_bytes = most_bytes

    def decode(self, texts: Sequence[str | bytes | Request]) -> list[Decoded]:
        """The best hypotheses of each text, in the order of the texts.

        Raises:
          ClientError: a call failed.
        """
        requests = [text if isinstance(text, Request) else Request(text) for text in texts]
        encoded = [encode_text(request.text) for request in requests]
        results: list[Decoded | None] = [None] * len(requests)
        for batch in length_batches(encoded, self._most_texts, self._most_bytes):
            search = self._search([requests[index] for index in batch])
            while search.is_open.any():
                search.advance()
            for index, decoded in zip(batch, self._decoded(search), strict=True):
                results[index] = decoded
        return results

    def stream(self, texts: Sequence[str | bytes | Request]) -> Iterator[Decided]:
        """Tokens of the best hypothesis of each text, as they are decided; all texts are decoded together.

        With a beam, a token is decided when all that may still become the best text have it. To cancel, close the
        iterator: no further step is taken.

        Raises:
          ClientError: a call failed.
        """
        search = self._search([text if isinstance(text, Request) else Request(text) for text in texts])
        written = [0] * len(texts)
        pieces: dict[int, str] = {}
        while search.is_open.any():
            was_open = np.flatnonzero(search.is_open)
            search.advance()
            new = [(int(row), number) for row in was_open for number in _decided(search, int(row), written)]
            unknown = sorted({number for _, number in new} - set(pieces))
            _, found = self.model.detokenize([[number] for number in unknown])
            pieces.update((number, piece) for number, (piece,) in zip(unknown, found, strict=True))
            for row, number in new:
                yield Decided(row, pieces[number], number)

    def _search(self, requests: Sequence[Request]) -> Search:
        encoded = self.model.encode([encode_text(request.text) for request in requests], self._with_alignment)
        settings = self._settings
        longest = encoded.max_length
        if settings.max_length is not None:
            longest = np.minimum(longest, settings.max_length)
        constraints = Constraints(
            shortest=np.minimum(np.maximum(encoded.min_length, settings.min_length), longest),
            longest=longest,
            prefixes=tuple(request.prefix for request in requests),
            suppress_unknown=settings.suppress_unknown,
            no_repeat_ngram=settings.no_repeat_ngram,
        )
        choice = self._choice(requests, longest)
        return Search(
            self.model,
            encoded,
            choice,
            constraints,
            settings,
            n_best=choice.width if self._sampling else settings.n_best,
            with_alignment=self._with_alignment,
            hook=self._hook,
        )

    def _choice(self, requests: Sequence[Request], longest: np.ndarray) -> Choice:
        if self._sampling:
            return Sampling(np.array([request.seed for request in requests], np.int64), self._sampling)
        if any(request.phrases for request in requests):
            return PhraseBeam(self._settings.beam_size, [request.phrases for request in requests], longest)
        return Beam(self._settings.beam_size)

    def _decoded(self, search: Search) -> list[Decoded]:
        ended: list[Ended] = [one for row in search.ended for one in row]
        texts, pieces = self.model.detokenize([one.ids for one in ended])
        hypotheses = iter(
            Hypothesis(
                text=text,
                tokens=tokens,
                ids=one.ids,
                score=one.score,
                log_prob=one.log_prob,
                token_log_probs=one.token_log_probs,
                alignment=one.alignment if self._with_alignment else None,
            )
            for one, text, tokens in zip(ended, texts, pieces, strict=True)
        )
        sources = search.source_tokens if self._with_alignment else [None] * len(search.ended)
        return [
            Decoded(tuple(next(hypotheses) for _ in row), source)
            for row, source in zip(search.ended, sources, strict=True)
        ]


def _decided(search: Search, row: int, written: list[int]) -> list[int]:
    """Ids that all paths of a row have in common, those before `written[row]` left out; moves it on."""
    paths = list(search.paths(row))
    common = []
    for numbers in zip(*(path[written[row] :] for path in paths), strict=False):
        if len(set(numbers)) > 1:
            break
        common.append(numbers[0])
    written[row] += len(common)
    return common
