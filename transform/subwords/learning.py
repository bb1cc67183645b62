"""Which pieces a vocabulary of subwords is made of."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from transform.subwords.merges import Merges

# A pair that is seen once tells nothing of other words.
_LEAST_COUNT = 2
# Rounds of leaving out pieces and learning others. The last ones change little.
_ROUNDS = 8


def learn_pieces(words: Mapping[str, int], characters: Mapping[str, int], size: int, min_count: int) -> list[str]:
    """The pieces of a vocabulary: the characters, and merges of them that words are often cut into.

    The characters come first, from the most to the least frequent, those of one frequency in the order of their code
    points; as many as there are places. Then come the merges of byte-pair encoding, in the order in which they are
    found. A merge that ends up inside longer pieces is of no use to the longest match: pieces that words are cut into
    more seldom than the next pair occurs are left out, and the next merges take their places, until there are none.

    The result depends on what is counted alone, not on the order of the mappings.

    Args:
        words: How often each word occurs.
        characters: How often each character occurs.
        size: Most pieces to keep. There are fewer where the words run out of pairs that occur often enough.
        min_count: Characters seen fewer times are left out, and so are pairs, of which no single one is merged.
    """
    ranked = sorted(characters.items(), key=lambda item: (-item[1], item[0]))
    alphabet = [character for character, count in ranked if count >= min_count][:size]
    known = _count_known_parts(words, set(alphabet))
    merges = Merges(known)
    least = max(min_count, _LEAST_COUNT)
    pieces = dict.fromkeys(alphabet)
    left_out: set[str] = set()
    for round_ in range(_ROUNDS):
        while len(pieces) < size and merges.best_count() >= least:
            piece = "".join(merges.merge())
            if piece not in left_out:
                pieces[piece] = None
        next_count = max(merges.best_count(), least)
        uses = _count_uses(known, pieces)
        seldom = [piece for piece in pieces if len(piece) > 1 and uses[piece] < next_count]
        if not seldom or round_ == _ROUNDS - 1:
            break
        left_out.update(seldom)
        for piece in seldom:
            del pieces[piece]
    return list(pieces)


def cut(word: str, pieces: Collection[str], longest: int) -> Iterator[str]:
    """Cuts a word from left to right, each time into the longest piece; what begins none is cut off on its own."""
    start = 0
    while start < len(word):
        end = min(len(word), start + longest)
        while end > start + 1 and word[start:end] not in pieces:
            end -= 1
        yield word[start:end]
        start = end


def _count_known_parts(words: Mapping[str, int], alphabet: set[str]) -> Counter[str]:
    """How often each stretch of known characters occurs in the words, in the order of their code points."""
    parts: Counter[str] = Counter()
    for word, count in words.items():
        if alphabet.issuperset(word):
            parts[word] += count
        else:
            for part in "".join(x if x in alphabet else "\n" for x in word).split("\n"):
                parts[part] += count
    return Counter({part: parts[part] for part in sorted(parts) if part})


def _count_uses(words: Mapping[str, int], pieces: Collection[str]) -> Counter[str]:
    """How often words are cut into each piece."""
    longest = max(map(len, pieces), default=1)
    uses: Counter[str] = Counter()
    for word, count in words.items():
        for piece in cut(word, pieces, longest):
            uses[piece] += count
    return uses
