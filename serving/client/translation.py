"""Translation over gRPC: text in, text out, with the scores, tokens and alignment that a caller asks for."""

import dataclasses
import functools
import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent import futures

import numpy as np

from serving import contract
from serving.client.batches import length_batches
from serving.client.connection import Connection
from serving.client.predictor import ModelAddress, Predictor

# What may be asked for beside the translation: everything but it crosses the wire only when wanted.
DETAILS = (
    contract.TRANSLATIONS,
    contract.SCORES,
    contract.LOG_PROBS,
    contract.TOKENS,
    contract.TOKEN_LOG_PROBS,
    contract.ALIGNMENT,
    contract.SOURCE_TOKENS,
)
# Which outputs say how many tokens a candidate or a source has.
_NEEDS = {
    contract.TOKEN_LOG_PROBS: (contract.TOKENS,),
    contract.ALIGNMENT: (contract.TOKENS, contract.SOURCE_TOKENS),
}


@dataclasses.dataclass(frozen=True)
class Candidate:
    """One of the n best translations; what was not asked for is None.

    T tokens of the candidate and S of the source, the end token included in both.
    """

    text: str | None = None
    score: float | None = None  # log-probability under the length and coverage penalties
    log_prob: float | None = None
    tokens: tuple[str, ...] | None = None  # T
    token_log_probs: np.ndarray | None = None  # float32 [T]
    alignment: np.ndarray | None = None  # float32 [T, S]


@dataclasses.dataclass(frozen=True)
class Translation:
    """The answer to one text."""

    text: str
    candidates: tuple[Candidate, ...] = ()  # best first; empty when no detail was asked for
    source_tokens: tuple[str, ...] | None = None


@dataclasses.dataclass(frozen=True)
class Batching:
    """How many texts are cut into requests."""

    most_texts: int = 64  # in one request
    most_bytes: int = 1 << 20  # of one request
    in_flight: int = 4  # requests at a time
    window: int = 1024  # texts of a stream that are read before any is sent, so that those of like length go together

    def __post_init__(self):
        for field in dataclasses.fields(self):
            if getattr(self, field.name) < 1:
                raise ValueError(f"{field.name} is {getattr(self, field.name)}: 1 is the least")


_BATCHING = Batching()


class TranslationClient:
    """Translates text with a model on a server. It may be used by several threads."""

    def __init__(
        self,
        connection: Connection | str,
        model: ModelAddress | str = "seq2seq",
        batching: Batching = _BATCHING,
    ):
        """Makes a client; it connects with the first call.

        Args:
          connection: where the server is; its address, `host:port`, will do.
          model: which model; its name will do.
          batching: how texts are cut into requests.
        """
        self.predictor = Predictor(
            Connection(connection) if isinstance(connection, str) else connection,
            ModelAddress(model) if isinstance(model, str) else model,
        )
        self._batching = batching

    def translate(self, texts: Sequence[str | bytes], details: Collection[str] = ()) -> list[Translation]:
        """Translates texts, in as many requests as it takes.

        Args:
          texts: text, or its UTF-8 bytes; what is not valid UTF-8 in them the model reads as U+FFFD.
          details: what is wanted beside the translation, out of DETAILS.

        Returns:
          One translation for each text, in the same order.

        Raises:
          ValueError: there is no such detail.
          ClientError: a call failed.
        """
        outputs = wanted_outputs(details)
        encoded = [encode_text(text) for text in texts]

        def call(batch: list[int]) -> dict[str, np.ndarray]:
            return self.predictor.predict(contract.SERVING_DEFAULT, batch_inputs(encoded, batch), outputs)

        answers: list[Translation | None] = [None] * len(encoded)
        batches = list(length_batches(encoded, self._batching.most_texts, self._batching.most_bytes))
        with futures.ThreadPoolExecutor(min(self._batching.in_flight, max(1, len(batches)))) as threads:
            # The longest first: a long one that comes last would be waited for alone.
            running = [(batch, threads.submit(call, batch)) for batch in reversed(batches)]
            try:
                for batch, future in running:
                    place_answers(answers, batch, future.result(), details)
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                raise
        return answers

    def translate_stream(self, texts: Iterable[str | bytes], details: Collection[str] = ()) -> Iterator[Translation]:
        """Translates texts of any number in bounded memory; the answers come in the order of the texts.

        Raises:
          ValueError: there is no such detail.
          ClientError: a call failed.
        """
        remaining = iter(texts)
        while window := list(itertools.islice(remaining, self._batching.window)):
            yield from self.translate(window, details)

    def close(self) -> None:
        """Closes the connection."""
        self.predictor.close()

    def __enter__(self) -> "TranslationClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def batch_inputs(encoded: Sequence[bytes], batch: Sequence[int]) -> dict[str, np.ndarray]:
    """Inputs of the request for a batch of texts."""
    return {contract.TEXT: np.array([encoded[index] for index in batch], object)}


def place_answers(
    answers: list[Translation | None], batch: Sequence[int], values: dict[str, np.ndarray], details: Collection[str]
) -> None:
    """Puts the answers of a batch where its texts stood."""
    for row, index in enumerate(batch):
        answers[index] = read_translation(values, row, details)


def encode_text(text: str | bytes) -> bytes:
    """UTF-8; a lone surrogate, which no UTF-8 can hold, becomes U+FFFD."""
    if isinstance(text, bytes):
        return text
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text).encode()


def wanted_outputs(details: Collection[str]) -> list[str]:
    """Names of the outputs that a call for these details has to fetch.

    Raises:
      ValueError: there is no such detail.
    """
    wanted = {contract.TRANSLATION, *details}
    for detail in details:
        if detail not in DETAILS:
            raise ValueError(f"{detail!r} is no detail of a translation: allowed are {', '.join(DETAILS)}")
        wanted.update(_NEEDS.get(detail, ()))
    return sorted(wanted)


def read_translation(values: dict[str, np.ndarray], row: int, details: Collection[str]) -> Translation:
    """The answer in one row of a response's outputs."""
    source_tokens = None
    if contract.SOURCE_TOKENS in values:
        source_tokens = _tokens(values[contract.SOURCE_TOKENS][row])
    of_candidates = [detail for detail in details if detail != contract.SOURCE_TOKENS]
    number = values[of_candidates[0]].shape[1] if of_candidates else 0
    get = functools.partial(_candidate, {name: value[row] for name, value in values.items()}, details, source_tokens)
    return Translation(
        text=_text(values[contract.TRANSLATION][row]),
        candidates=tuple(get(place) for place in range(number)),
        source_tokens=source_tokens if contract.SOURCE_TOKENS in details else None,
    )


def _candidate(
    values: dict[str, np.ndarray], details: Collection[str], source_tokens: tuple[str, ...] | None, place: int
) -> Candidate:
    found = {name: values[name][place] for name in details if name != contract.SOURCE_TOKENS}
    tokens = _tokens(values[contract.TOKENS][place]) if contract.TOKENS in values else ()
    return Candidate(
        text=_text(found[contract.TRANSLATIONS]) if contract.TRANSLATIONS in found else None,
        score=float(found[contract.SCORES]) if contract.SCORES in found else None,
        log_prob=float(found[contract.LOG_PROBS]) if contract.LOG_PROBS in found else None,
        tokens=tokens if contract.TOKENS in found else None,
        token_log_probs=found[contract.TOKEN_LOG_PROBS][: len(tokens)] if contract.TOKEN_LOG_PROBS in found else None,
        alignment=found[contract.ALIGNMENT][: len(tokens), : len(source_tokens)]
        if contract.ALIGNMENT in found
        else None,
    )


def _tokens(row: np.ndarray) -> tuple[str, ...]:
    return tuple(_text(token) for token in row if token)


def _text(encoded: bytes) -> str:
    return encoded.decode("utf-8", "replace")
