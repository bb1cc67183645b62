"""Settings of decoding."""

from typing import Literal

import pydantic
from pydantic import Field

from transform.config import Section

LengthPenalty = Literal["none", "average", "gnmt"]


class DecodingConfig(Section):
    """How the exported model decodes. These settings are fixed in its signatures."""

    beam_size: int = Field(5, ge=1, le=100, description="Hypotheses that are followed at a time; 1: greedy search.")
    n_best: int = Field(1, ge=1, le=100, description="Hypotheses that are answered; beam_size at most.")
    max_length: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="Most tokens to decode, the end token not counted; none: the target's max_length.",
    )
    max_length_ratio: float | None = Field(
        None, gt=0.0, le=1000.0, description="Most tokens to decode for each token of the source; none: no such limit."
    )
    min_length: int = Field(0, ge=0, le=100_000, description="Fewest tokens to decode, the end token not counted.")
    min_length_ratio: float = Field(
        0.0, ge=0.0, le=1000.0, description="Fewest tokens to decode for each token of the source."
    )
    length_penalty: LengthPenalty = Field(
        "none",
        description=(
            "What log-probabilities are divided by to compare texts of different lengths. average: the length."
            " gnmt: ((5 + length) / 6) ** length_penalty_alpha."
        ),
    )
    length_penalty_alpha: float = Field(
        0.6, ge=0.0, le=10.0, description="Exponent of the gnmt length penalty: the higher, the longer the texts."
    )
    coverage_penalty: float = Field(
        0.0, ge=0.0, le=10.0, description="Weight of the penalty for source tokens that got little attention."
    )
    no_repeat_ngram: int = Field(
        0, ge=0, le=100, description="Length of token n-grams that must not come twice in a text; 0: they may."
    )
    suppress_unknown: bool = Field(False, description="Never decode the unknown token.")
    replace_unknown: bool = Field(
        False, description="Put the source token with the highest attention in the place of the unknown token."
    )
    sample_size: int = Field(1, ge=1, le=100, description="Texts that signature sample draws for each source.")
    temperature: float = Field(
        1.0,
        gt=0.0,
        le=100.0,
        description="Signature sample: below 1 probable tokens become more probable, above 1 less.",
    )
    top_k: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="Signature sample: draw from so many most probable tokens; none: from all.",
    )
    top_p: float = Field(
        1.0, gt=0.0, le=1.0, description="Signature sample: draw from the most probable tokens that sum to this."
    )
    top_tokens: int = Field(
        10, ge=1, le=1000, description="How many of the most probable tokens the step decoder names at each step."
    )

    @pydantic.model_validator(mode="after")
    def _settings_agree(self) -> "DecodingConfig":
        if self.n_best > self.beam_size:
            raise ValueError(f"n_best is {self.n_best}: beam_size {self.beam_size} is the most")
        if self.max_length is not None and self.min_length > self.max_length:
            raise ValueError(f"min_length is {self.min_length}: max_length {self.max_length} is the most")
        if self.max_length_ratio is not None and self.min_length_ratio > self.max_length_ratio:
            raise ValueError(
                f"min_length_ratio is {self.min_length_ratio}: max_length_ratio {self.max_length_ratio} is the most"
            )
        if self.suppress_unknown and self.replace_unknown:
            raise ValueError("suppress_unknown and replace_unknown are both true: no unknown token is left to replace")
        return self
