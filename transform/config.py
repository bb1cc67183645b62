"""Settings of the text graph, and the base class of every section of the configuration."""

from typing import Literal

import pydantic
from pydantic import Field


class Section(pydantic.BaseModel):
    """A section of the configuration: unknown keys, wrong types and values out of range are refused."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True)


class TextConfig(Section):
    """How one side of the pairs, source or target, becomes token ids."""

    normalization: Literal["none", "nfc", "nfkc"] = Field("nfc", description="Unicode normalisation form.")
    lowercase: bool = Field(False, description="Lower-case the text (Unicode, not ASCII alone).")
    unit: Literal["char", "word", "space"] = Field(
        "char",
        description="What one token is: a code point, a word or punctuation mark, or whatever stands between spaces.",
    )
    vocabulary_size: int = Field(
        8000, ge=1, le=1_000_000, description="Most tokens to keep, the four special ones not counted."
    )
    min_count: int = Field(1, ge=1, description="Tokens seen fewer times in the training split are unknown.")
    max_length: int = Field(
        128, ge=1, le=100_000, description="Longest text in tokens, the start and end tokens not counted."
    )
    on_too_long: Literal["truncate", "drop", "fail"] = Field(
        "drop",
        description="What training does with a longer text: cut it, leave the pair out, or stop. Serving always cuts.",
    )
