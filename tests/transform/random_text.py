"""Random strings that are hard on text processing."""

import random
import sys
import unicodedata

CHARACTERS = [chr(x) for x in range(sys.maxunicode + 1) if not 0xD800 <= x < 0xE000]
# unicode_encode takes them for errors, and text is not supposed to hold them.
NONCHARACTERS = {x for x in CHARACTERS if 0xFDD0 <= ord(x) < 0xFDF0 or ord(x) & 0xFFFE == 0xFFFE}
ASSIGNED = [x for x in CHARACTERS if unicodedata.category(x) != "Cn"]
MARKS = [x for x in CHARACTERS if unicodedata.combining(x)]
_DECOMPOSITIONS = [unicodedata.decomposition(x).split() for x in CHARACTERS]
_CANONICAL_PAIRS = [[chr(int(y, 16)) for y in x] for x in _DECOMPOSITIONS if len(x) == 2 and x[0][0] != "<"]
_FIRSTS, _SECONDS = ([pair[i] for pair in _CANONICAL_PAIRS] for i in range(2))
_DECOMPOSABLE = [x for x, parts in zip(CHARACTERS, _DECOMPOSITIONS, strict=True) if parts]
_JAMO = [chr(x) for x in (*range(0x1100, 0x1113), *range(0x1161, 0x1176), *range(0x11A7, 0x11C3), 0xAC00, 0xAC01)]
_CASED = list("ΣσςΑα'ʰİIßẞǄⅧ🄰\u0301\u0307")
_SPACES = list(" \t\n\u00a0\u2009\u3000\x1f")
_PLAIN = list("abcAO.,!?-()0￭▁％")
_POOLS = (_FIRSTS, _SECONDS, MARKS, _DECOMPOSABLE, _JAMO, _CASED, _SPACES, _PLAIN, ASSIGNED)


def random_strings(count, seed):
    """Strings of starters, marks, Hangul, compatibility characters, cased letters and spaces, mixed anew for each."""
    draw = random.Random(seed)

    def string():
        weights = [draw.random() ** 3 for _ in _POOLS]
        pools = draw.choices(_POOLS, weights, k=draw.choice([0, 1, 2, 3, 5, 8, 20, 60]))
        return "".join(draw.choice(pool) for pool in pools)

    return [string() for _ in range(count)]
