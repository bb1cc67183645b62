"""Settings of the text graph, and the base class of every section of the configuration."""

from typing import Literal

import pydantic
from pydantic import Field

LEAST_SUBWORDS, MOST_SUBWORDS = 500, 32_000


class Section(pydantic.BaseModel):
    """A section of the configuration: unknown keys, wrong types and values out of range are refused."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True)


class TextConfig(Section):
    """How one side of the pairs, source or target, becomes token ids."""

    normalization: Literal["none", "nfc", "nfkc"] = Field("nfc", description="Unicode normalisation form.")
    lowercase: bool = Field(False, description="Lower-case the text (Unicode, not ASCII alone).")
    unit: Literal["char", "word", "space", "subword"] = Field(
        "char",
        description=(
            "What one token is: a code point, a word or punctuation mark, whatever stands between spaces, or a piece of"
            " a word, of pieces that are learned."
        ),
    )
    vocabulary_size: int = Field(
        8000,
        ge=1,
        le=1_000_000,
        description=(
            "Most tokens to keep, the four special ones not counted;"
            f" for unit subword {LEAST_SUBWORDS:,} to {MOST_SUBWORDS:,}."
        ),
    )
    min_count: int = Field(
        1,
        ge=1,
        description=(
            "Tokens seen fewer times in the training split are unknown; for unit subword characters, all other text"
            " being made of pieces."
        ),
    )
    max_length: int = Field(
        128, ge=1, le=100_000, description="Longest text in tokens, the start and end tokens not counted."
    )
    on_too_long: Literal["truncate", "drop", "fail"] = Field(
        "drop",
        description="What training does with a longer text: cut it, leave the pair out, or stop. Serving always cuts.",
    )

    @pydantic.model_validator(mode="after")
    def _subwords_in_range(self) -> "TextConfig":
        if self.unit == "subword" and not LEAST_SUBWORDS <= self.vocabulary_size <= MOST_SUBWORDS:
            raise ValueError(
                f"vocabulary_size is {self.vocabulary_size}: with unit subword {LEAST_SUBWORDS} to {MOST_SUBWORDS}"
                " are allowed"
            )
        return self
