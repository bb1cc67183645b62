"""Text to the units that error rates count; those of tokens are what the target's unit makes of cleaned text."""

import re
import unicodedata
from collections.abc import Callable, Sequence

SplitFunction = Callable[[str], Sequence[str]]

# White space, but for the no-break spaces, which hold together what they stand between.
_NO_SPACE = re.compile("[\\S\u00a0\u2007\u202f]+")
_WORD_CATEGORIES = "LN"  # letters and numbers
_MARK_CATEGORY = "M"


def words(text: str) -> Sequence[str]:
    """What stands between white space of any kind."""
    return text.split()


def characters(text: str) -> Sequence[str]:
    """Code points, spaces included."""
    return text


def space_separated(text: str) -> Sequence[str]:
    """What stands between spaces that separate."""
    return _NO_SPACE.findall(text)


def words_and_punctuation(text: str) -> Sequence[str]:
    """Runs of letters, marks and digits; every other code point on its own, with the marks that follow it."""
    pieces: list[str] = []
    for stretch in space_separated(text):
        in_word = False
        for position, character in enumerate(stretch):
            category = unicodedata.category(character)[0]
            is_mark = category == _MARK_CATEGORY
            is_word = is_mark or category in _WORD_CATEGORIES
            if position and (is_mark or (is_word and in_word)):
                pieces[-1] += character
            else:
                pieces.append(character)
                in_word = is_word
    return pieces


# By the name of the target's unit in the configuration.
SPLIT_FUNCTIONS: dict[str, SplitFunction] = {
    "char": characters,
    "word": words_and_punctuation,
    "space": space_separated,
    # What a text's pieces are depends on the vocabulary; figures of different models can be compared by its words.
    "subword": words_and_punctuation,
}
