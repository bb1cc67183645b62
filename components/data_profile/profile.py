"""What is known of parallel text in figures. Kept as JSON."""

import pydantic

# Characters of a text that are kept to show it.
_LONGEST_EXCERPT = 80


class _Record(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Counts(_Record):
    """How often values occur.

    Attributes:
      total: all occurrences.
      distinct: different values.
      most_common: values with their counts, the most frequent ones first; those that are rarer may be left out.
      unknown: occurrences of values that the vocabulary of the training split does not have; 0 for slice keys.
      unknown_most_common: the most frequent of these.
    """

    total: int = 0
    distinct: int = 0
    most_common: list[tuple[str, int]] = []
    unknown: int = 0
    unknown_most_common: list[tuple[str, int]] = []

    @property
    def unknown_share(self) -> float:
        """Share of the occurrences that are unknown; 0 where there are none at all."""
        return self.unknown / self.total if self.total else 0.0


class SideProfile(_Record):
    """One side of the pairs of a split.

    Attributes:
      lengths: how many texts have so many tokens; neither cut nor with special tokens.
      shortest, longest: beginning of a text of the least and the greatest length.
      tokens: of all texts.
    """

    lengths: dict[int, int]
    shortest: str = ""
    longest: str = ""
    tokens: Counts = Counts()


class Finding(_Record):
    """Suspicious pairs: how many examples, and the beginnings of a few."""

    count: int = 0
    examples: list[str] = []


class SplitProfile(_Record):
    """One split.

    Attributes:
      examples: how many there are.
      sides: `source`, and `target`, which is the first reference, where there are targets.
      slices: values of each slice key.
      near_empty: examples with a side of very few tokens.
      extreme_length_ratio: examples with a side of many times the other's tokens.
      identical_pairs: examples that repeat an earlier one of the split, in the tokens of both sides.
      shared_sources: by the names of other splits, examples whose source has the same tokens as one in that split.
    """

    examples: int
    sides: dict[str, SideProfile]
    slices: dict[str, Counts] = {}
    near_empty: Finding = Finding()
    extreme_length_ratio: Finding = Finding()
    identical_pairs: Finding = Finding()
    shared_sources: dict[str, Finding] = {}


class Profile(_Record):
    """All splits, by name; a split without examples is left out.

    Profiles can be compared where their `text_settings` are equal: these decide how texts become tokens.
    """

    text_settings: str
    splits: dict[str, SplitProfile]


def beginning(text: bytes) -> bytes:
    """As much of a text as its excerpt depends on."""
    return text[: 4 * _LONGEST_EXCERPT]


def excerpt(text: bytes) -> str:
    """The beginning of a text, to be shown."""
    shown = beginning(text).decode("utf-8", errors="ignore")
    return shown if len(shown) <= _LONGEST_EXCERPT else f"{shown[: _LONGEST_EXCERPT - 1]}…"
