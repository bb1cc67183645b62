"""Random decoded texts with several references each."""

import random

from trainer.metrics.statistic import DecodedExample

_WORDS = [
    "the",
    "The",
    "cat",
    "猫",
    "naïve",
    "café",
    "né́",
    "straße",
    "Москва",
    "don't",
    "3.14",
    "—",
    "😀",
    "e\u0301",
    "a",
]
_PUNCTUATION = [".", ",", "!", "...", "(", "»", "。"]


def random_examples(count, seed):
    """Examples whose hypotheses are edits of one of their 1 to 4 references; some are empty, some right."""
    draw = random.Random(seed)

    def sentence():
        pieces = draw.choices(_WORDS + _PUNCTUATION, k=draw.randint(1, 14))
        return draw.choice([" ", "  "]).join(pieces)

    def edited(text):
        pieces = text.split(" ")
        for _ in range(draw.randint(0, 5)):
            position = draw.randrange(len(pieces) + 1)
            pieces[position : position + draw.randint(0, 1)] = draw.choices(_WORDS, k=draw.randint(0, 2))
        draw.random() < 0.3 and draw.shuffle(pieces)
        return " ".join(pieces)

    def example():
        references = [sentence() for _ in range(draw.randint(1, 4))]
        hypothesis = "" if draw.random() < 0.05 else edited(draw.choice(references))
        return DecodedExample(hypothesis, references, -20 * draw.random(), draw.randint(1, 15))

    return [example() for _ in range(count)]
