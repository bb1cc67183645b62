"""Subwords: how long the learner takes, how long text becomes, and how fast it is cut inside the graph.

    python -m benchmarks.subwords fra.txt --column 2 --size 8000

prints tables in Markdown. Baselines of the same run: byte-pair encoding that counts all pairs anew for every merge (of
which it makes a few, and the rest is reckoned), byte-pair encoding's own cuts, the units char and word in the same
graph, and the cuts in plain Python.
"""

import itertools
import random
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import tensorflow as tf
import typer

from serving.contract import SPECIAL_TOKENS
from transform.config import TextConfig
from transform.subwords.learning import cut, learn_pieces
from transform.subwords.merges import Merges
from transform.text import TextProcessor, segment

_RECOUNTED_MERGES = 5
_REPEATS = 3
_BATCH_SIZES = (1, 32, 1000)
_LINES_IN_BATCHES = {1: 500, 32: 6_400, 1000: 40_000}
_LONG_LINES = {"one word": "a", "ideographs": "日本語", "short words": "ab "}
_LONG_LINE = 10_000


def main(
    file: Annotated[Path, typer.Argument(help="Text, one line a row.")],
    column: Annotated[int, typer.Option(min=1, help="Which of the columns, split at tabs.")] = 1,
    size: Annotated[int, typer.Option(min=500, max=32_000, help="Size of the vocabulary.")] = 8_000,
) -> None:
    """Measures the learner and the graph on a file of text."""
    rows = (line.split("\t") for line in file.read_text(encoding="utf-8").splitlines())
    lines = [row[column - 1] for row in rows if len(row) >= column]
    random.Random(1).shuffle(lines)
    words = _count(lines, TextConfig(unit="subword"))
    characters: Counter[str] = Counter()
    for word, count in words.items():
        for character in word:
            characters[character] += count

    began = time.perf_counter()
    pieces = learn_pieces(words, characters, size, 1)
    learning = time.perf_counter() - began
    print(f"{len(lines):,} lines, {words.total():,} words, {len(words):,} different ones\n")
    print(_learner_table(words, len(characters), pieces, learning, len(lines)))
    with tempfile.TemporaryDirectory() as folder:
        processors = {
            "char": _processor(TextConfig(unit="char"), [*characters], folder),
            "word": _processor(TextConfig(unit="word"), _most_common_words(lines, size), folder),
            "subword": _processor(TextConfig(unit="subword", vocabulary_size=size, max_length=20_000), pieces, folder),
        }
        print(_speed_table(lines, processors, words, pieces))
        print(_long_lines_table(processors["subword"]))


def _learner_table(words: Counter[str], characters: int, pieces: list[str], learning: float, lines: int) -> str:
    merges = Merges(words)
    ranks: dict[tuple[str, str], int] = {}
    while characters + len(ranks) < len(pieces) and merges.best_count() > 1:
        ranks[merges.merge()] = len(ranks)
    byte_pairs = sum(count * _byte_pair_length(word, ranks) for word, count in words.items())
    longest = max(map(len, pieces))
    known = set(pieces)
    uses: Counter[str] = Counter()
    for word, count in words.items():
        for piece in cut(word, known, longest):
            uses[piece] += count
    sequences = {word: list(word) for word in words}
    began = time.perf_counter()
    for _ in range(_RECOUNTED_MERGES):
        _recounted_merge(sequences, words)
    recounting = (time.perf_counter() - began) / _RECOUNTED_MERGES * (len(pieces) - characters)
    unused = sum(not uses[piece] for piece in pieces)
    made = characters + len(ranks)
    rows = [
        "| learner | seconds | pieces | tokens per line | never used |",
        "|---|---|---|---|---|",
        f"| this | {learning:.1f} | {len(pieces):,} | {uses.total() / lines:.3f} | {unused} |",
        f"| byte-pair encoding by recounting | {recounting:,.0f} (reckoned) | {made:,} | {byte_pairs / lines:.3f} | |",
    ]
    return "\n".join(rows) + "\n"


def _byte_pair_length(word: str, ranks: dict[tuple[str, str], int]) -> int:
    """In how many pieces byte-pair encoding cuts a word."""
    pieces = list(word)
    while len(pieces) > 1:
        rank, place = min((ranks.get(pair, len(ranks)), place) for place, pair in enumerate(itertools.pairwise(pieces)))
        if rank == len(ranks):
            break
        pieces[place : place + 2] = ["".join(pieces[place : place + 2])]
    return len(pieces)


def _recounted_merge(sequences: dict[str, list[str]], words: Counter[str]) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for word, sequence in sequences.items():
        for pair in itertools.pairwise(sequence):
            counts[pair] += words[word]
    best = min(counts, key=lambda pair: (-counts[pair], pair))
    for sequence in sequences.values():
        for place in range(len(sequence) - 1):
            if tuple(sequence[place : place + 2]) == best:
                sequence[place : place + 2] = ["".join(best)]


def _speed_table(lines: list[str], processors: dict[str, TextProcessor], words: Counter[str], pieces: list[str]) -> str:
    batches = {
        size: [tf.constant(lines[start : start + size]) for start in range(0, _LINES_IN_BATCHES[size], size)]
        for size in _BATCH_SIZES
    }
    functions = {unit: _source_function(processor) for unit, processor in processors.items()}
    best: dict[tuple[str, int], float] = {}
    for _ in range(_REPEATS):
        for size, unit in itertools.product(_BATCH_SIZES, processors):
            function = functions[unit]
            function(batches[size][0])
            began = time.perf_counter()
            for batch in batches[size]:
                function(batch)
            rate = sum(batch.shape[0] for batch in batches[size]) / (time.perf_counter() - began)
            best[unit, size] = max(best.get((unit, size), 0.0), rate)
    known, longest = set(pieces), max(map(len, pieces))
    began = time.perf_counter()
    for word in words.elements():
        list(cut(word, known, longest))
    plain = len(lines) / (time.perf_counter() - began)
    rows = [
        "| unit | " + " | ".join(f"batch {size}, lines/s" for size in _BATCH_SIZES) + " |",
        "|---|" + "---|" * len(_BATCH_SIZES),
        *(
            f"| {unit} | " + " | ".join(f"{best[unit, size]:,.0f}" for size in _BATCH_SIZES) + " |"
            for unit in processors
        ),
        "",
        f"Cuts of words alone, in plain Python: {plain:,.0f} lines/s",
    ]
    return "\n".join(rows) + "\n"


def _long_lines_table(processor: TextProcessor) -> str:
    function = _source_function(processor)
    rows = []
    for name, part in _LONG_LINES.items():
        line = tf.constant([part * (_LONG_LINE // len(part))])
        function(line)
        began = time.perf_counter()
        function(line)
        rows.append(f"| {name} | {1000 * (time.perf_counter() - began):.1f} |")
    return f"| a line of {_LONG_LINE:,} characters | ms |\n|---|---|\n" + "\n".join(rows) + "\n"


def _source_function(processor: TextProcessor):
    return tf.function(processor.source).get_concrete_function(tf.TensorSpec([None], tf.string))


def _count(lines: list[str], config: TextConfig) -> Counter[str]:
    return Counter(unit.decode() for unit in segment(tf.constant(lines), config).values.numpy())


def _most_common_words(lines: list[str], size: int) -> list[str]:
    return [word for word, _ in _count(lines, TextConfig(unit="word")).most_common(size)]


def _processor(config: TextConfig, tokens: list[str], folder: str) -> TextProcessor:
    path = Path(folder) / config.unit
    path.write_text("".join(f"{token}\n" for token in (*SPECIAL_TOKENS, *tokens)), encoding="utf-8", newline="\n")
    return TextProcessor(config, str(path))


if __name__ == "__main__":
    typer.run(main)
