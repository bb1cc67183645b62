"""Words, merges, vocabularies and cuts of subwords in plain Python, the slow and obvious way."""

import collections
import itertools
import pathlib
import unicodedata

ROOT = pathlib.Path(__file__).parents[3]


def words_of(text):
    """The words of clean text, spaces written as ▁ and the other way round."""
    if not text:
        return []
    marked = "▁" + text.translate({ord(" "): "▁", ord("▁"): " "})
    kinds = []
    for character in marked:
        category = unicodedata.category(character)[0]
        if character == "▁":
            kinds.append("space")
        elif category == "M":
            kinds.append("letter" if kinds[-1] == "space" else kinds[-1])
        else:
            kinds.append({"L": "letter", "N": "digit"}.get(category, "apostrophe" if character in "'’" else "sign"))
    for place, kind in enumerate(list(kinds)):
        if kind == "apostrophe":
            inside = kinds[place - 1] == "letter" and kinds[place + 1 : place + 2] == ["letter"]
            kinds[place] = "letter inside" if inside else "sign"
    kinds = ["letter" if kind == "letter inside" else kind for kind in kinds]
    words = []
    for place, character in enumerate(marked):
        continues = place > 0 and kinds[place] != "space" and kinds[place - 1] in ("space", kinds[place])
        if continues:
            words[-1] += character
        else:
            words.append(character)
    return words


def count_words(texts):
    return collections.Counter(word for text in texts for word in words_of(text))


def count_characters(words):
    counts = collections.Counter()
    for word, count in words.items():
        for character in word:
            counts[character] += count
    return counts


class RecountedMerges:
    """Byte-pair encoding that counts all pairs for every merge."""

    def __init__(self, words):
        self.words = {word: (list(word), count) for word, count in words.items()}

    def best(self):
        counts = collections.Counter()
        for pieces, count in self.words.values():
            for pair in itertools.pairwise(pieces):
                counts[pair] += count
        return min(((-count, pair) for pair, count in counts.items()), default=(0, None))

    def merge(self, pair):
        for pieces, _ in self.words.values():
            for place in range(len(pieces)):
                if tuple(pieces[place : place + 2]) == pair:
                    pieces[place : place + 2] = ["".join(pair)]
        return "".join(pair)

    def pieces_in_all(self):
        return sum(len(pieces) * count for pieces, count in self.words.values())


def cut(word, pieces):
    """From left to right, the longest piece each time."""
    cuts = []
    while word:
        longest = max((piece for piece in pieces if word.startswith(piece)), key=len, default=word[0])
        cuts.append(longest)
        word = word[len(longest) :]
    return cuts


def learn(words, characters, size, min_count, rounds=8):
    """The vocabulary as transform.subwords.learning describes it."""
    ranked = sorted(characters, key=lambda character: (-characters[character], character))
    pieces = [character for character in ranked if characters[character] >= min_count][:size]
    known = collections.Counter()
    for word, count in words.items():
        for is_known, part in itertools.groupby(word, key=set(pieces).__contains__):
            if is_known:
                known["".join(part)] += count
    merges, discarded = RecountedMerges(known), []
    least = max(min_count, 2)
    for round_ in range(rounds):
        count, pair = merges.best()
        while len(pieces) < size and -count >= least:
            piece = merges.merge(pair)
            if piece not in pieces and piece not in discarded:
                pieces.append(piece)
            count, pair = merges.best()
        if round_ < rounds - 1:
            uses = collections.Counter()
            for word, word_count in known.items():
                for piece in cut(word, pieces):
                    uses[piece] += word_count
            discarded += [piece for piece in pieces if len(piece) > 1 and uses[piece] < max(-count, least)]
            pieces = [piece for piece in pieces if piece not in discarded]
    return pieces


def prose():
    """Lines of real text: this project's own pages, without the frames of tables."""
    pages = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs" / "data.md")
    lines = [line for page in pages for line in page.read_text(encoding="utf-8").expandtabs().splitlines()]
    return [line for line in lines if all(len(word) <= 64 for word in words_of(line))]
