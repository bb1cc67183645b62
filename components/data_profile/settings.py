"""What a profile depends on besides the data."""

import pydantic

from transform.config import TextConfig

# Values of a distribution that are kept; of tokens as many as the vocabulary may hold, if that is more.
MIN_VALUES_KEPT = 10_000


class ProfileSettings(pydantic.BaseModel):
    """How texts become tokens, which slice keys there are, and which pairs are suspicious.

    Attributes:
      source, target: how a side becomes tokens; with unit subword these are words, since pieces are yet to be learned.
      shared_vocabulary: whether a token is known when either side has it.
      slice_keys: features whose values are counted.
      near_empty_tokens, extreme_length_ratio: as in the section data.quality.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    source: TextConfig
    target: TextConfig
    shared_vocabulary: bool
    slice_keys: list[str]
    near_empty_tokens: int
    extreme_length_ratio: float

    def side(self, name: str) -> TextConfig:
        """The settings of the side source or target."""
        return self.source if name == "source" else self.target

    def values_kept(self, side: str) -> int:
        """How many tokens of a side a profile keeps."""
        return max(MIN_VALUES_KEPT, self.side(side).vocabulary_size)

    def of_text(self) -> str:
        """What decides how texts become tokens, and which of them are known, as JSON."""
        return self.model_dump_json(include={"source", "target", "shared_vocabulary"})
