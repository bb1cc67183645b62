"""What the benchmarks of growth feed the pipeline: pairs of any number, and a model that costs nothing."""

from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from serving import contract
from transform.features import SOURCE

_CONSONANTS, _VOWELS = "bcdfghjklmnpqrstvwxz", "aeiouy"
_SYLLABLES = [consonant + vowel for consonant in _CONSONANTS for vowel in _VOWELS]

# No common divisor with the number of words: all of them come, and neighbours are not alike.
_STRIDE = 2_654_435_761


# Pairs of a file: each file is read by one worker.
_OF_FILE = 50_000


def write_pairs(folder: Path, count: int, first: int = 0) -> None:
    """Writes `count` pairs, from number `first` on, into files pairs-*.tsv, a pair a line, source, tab and target."""
    for start in range(0, count, _OF_FILE):
        with (folder / f"pairs-{start}.tsv").open("w", encoding="utf-8") as file:
            written = pairs(first + start, min(_OF_FILE, count - start))
            file.writelines(f"{source}\t{target}\n" for source, target in written)


def pairs(start: int, count: int) -> Iterator[tuple[str, str]]:
    """`count` pairs from number `start` on: no two sources alike, and letters with spaces between as their targets.

    Words have four to seven syllables, drawn without chance: the same numbers give the same pairs.
    """
    words = len(_SYLLABLES) ** 4
    for place in range(start, start + count):
        word = _word(place * _STRIDE % words) + "".join(_SYLLABLES[: place % 4])
        yield word, " ".join(word)


def _word(number: int) -> str:
    syllables = []
    for _ in range(4):
        number, syllable = divmod(number, len(_SYLLABLES))
        syllables.append(_SYLLABLES[syllable])
    return "".join(syllables)


def export_echo_model(directory: str) -> None:
    """Saves a model with the signature that the Evaluator asks, which translates each text into itself."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=contract.EXAMPLES)])
    def echo(examples):
        parsed = tf.io.parse_example(examples, {SOURCE: tf.io.FixedLenFeature([], tf.string)})
        length = tf.strings.length(parsed[SOURCE])
        log_prob = -0.1 * tf.cast(length, tf.float32)
        return {
            contract.TRANSLATION: parsed[SOURCE],
            contract.LOG_PROBS: log_prob[:, tf.newaxis],
            contract.TARGET_LOG_PROB: log_prob,
            contract.TARGET_LENGTH: tf.cast(length, tf.int64),
        }

    tf.saved_model.save(tf.Module(), directory, signatures={contract.SERVING_EXAMPLES: echo})
