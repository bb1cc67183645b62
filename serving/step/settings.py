"""Settings of decoding on the client's side; the names are those of the configuration's section `decoding`."""

import dataclasses
from typing import Literal

LengthPenalty = Literal["none", "average", "gnmt"]


@dataclasses.dataclass(frozen=True)
class DecodingSettings:
    """How hypotheses are followed and compared. The same settings give what the graph gives.

    The lengths that `encode` answers with hold always; `min_length` and `max_length` here only narrow them.
    """

    beam_size: int = 1
    n_best: int = 1
    min_length: int = 0
    max_length: int | None = None
    length_penalty: LengthPenalty = "none"
    length_penalty_alpha: float = 0.6
    coverage_penalty: float = 0.0
    no_repeat_ngram: int = 0
    suppress_unknown: bool = False

    def __post_init__(self):
        if not 1 <= self.n_best <= self.beam_size:
            raise ValueError(f"n_best is {self.n_best}: allowed are 1 to beam_size, {self.beam_size}")
        if self.max_length is not None and not self.max_length >= 1:
            raise ValueError(f"max_length is {self.max_length}: 1 is the least")
        if self.min_length < 0 or self.no_repeat_ngram < 0 or self.coverage_penalty < 0:
            raise ValueError("min_length, no_repeat_ngram and coverage_penalty must not be negative")
        if self.length_penalty not in ("none", "average", "gnmt"):
            raise ValueError(f"length_penalty is {self.length_penalty!r}: allowed are none, average and gnmt")


@dataclasses.dataclass(frozen=True)
class SamplingSettings:
    """How tokens are drawn; see Sampling."""

    sample_size: int = 1
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0

    def __post_init__(self):
        if self.sample_size < 1 or (self.top_k is not None and self.top_k < 1):
            raise ValueError("sample_size and top_k must be at least 1")
        if self.temperature <= 0 or not 0 < self.top_p <= 1:
            raise ValueError("temperature must be above 0, and top_p above 0 and at most 1")
