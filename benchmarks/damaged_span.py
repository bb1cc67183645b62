"""Four damaged spans, one after the other, on a task that is trained on a good one: which gate stops each, and why.

    python -m benchmarks.damaged_span FOLDER/g014b2b.train PLACE

reads pairs of words and phonemes, tab-separated, and writes spans and workspace below PLACE. The damages are: only long
words; 5 % of the evaluation pairs leaked from training; 3 % of the rows without their tab; and the targets of one slice
(words that end in S) shuffled.
"""

import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import typer
import yaml

from pipeline.cli import run_session
from pipeline.config_file import load_config

# A row: word, phonemes, and the slice that it belongs to.
Row = tuple[str, ...]
Rows = list[Row]

TRAIN_PAIRS, EVAL_PAIRS = 6000, 800
LONG = 9  # letters


def shifted_lengths(train: Rows, evaluation: Rows) -> tuple[Rows, Rows]:
    """Only long words."""
    return [row for row in train if len(row[0]) >= LONG], evaluation


def leakage(train: Rows, evaluation: Rows) -> tuple[Rows, Rows]:
    """5 % of the evaluation pairs come from the training pairs."""
    leaked = len(evaluation) // 20
    return train, evaluation[leaked:] + train[:leaked]


def broken_rows(train: Rows, evaluation: Rows) -> tuple[Rows, Rows]:
    """3 % of the rows lack their tabs."""
    broken = len(train) * 3 // 100
    return [(" ".join(row),) for row in train[:broken]] + train[broken:], evaluation


def shuffled_targets(train: Rows, evaluation: Rows) -> tuple[Rows, Rows]:
    """The words that end in S have each other's phonemes."""
    return _shuffle(train), _shuffle(evaluation)


def _shuffle(rows: Rows) -> Rows:
    targets = [row[1] for row in rows if row[2] == "s"]
    random.Random(3).shuffle(targets)
    rest = iter(targets)
    return [(row[0], next(rest), row[2]) if row[2] == "s" else row for row in rows]


DAMAGES: list[Callable[[Rows, Rows], tuple[Rows, Rows]]] = [
    shifted_lengths,
    leakage,
    broken_rows,
    shuffled_targets,
]


def read_rows(path: Path) -> Rows:
    """The words of a file in random order, each once, with the slice that its last letter makes it part of."""
    pairs = dict(line.split("\t")[:2] for line in path.read_text(encoding="utf-8").splitlines())
    words = sorted(word for word in pairs if word.isalpha())
    random.Random(1).shuffle(words)
    kinds = {"S": "s", **dict.fromkeys("AEIOUY", "vowel")}
    return [(word, pairs[word], kinds.get(word[-1], "consonant")) for word in words]


def write_span(folder: Path, train: Rows, evaluation: Rows) -> None:
    """Writes a span in place of what was there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, rows in (("train.tsv", train), ("eval.tsv", evaluation)):
        (folder / name).write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")


def write_config(place: Path) -> Path:
    """The task: a small model, and every gate with a limit."""
    sections = {
        "name": "g2p-spans",
        "workspace": str(place / "runs"),
        "data": {
            "base": str(place / "data"),
            "columns": ["source", "target", "ending"],
            "slice_keys": ["ending"],
            "inputs": [
                {"pattern": "span-{SPAN}/train.tsv", "splits": {"train": 1}},
                {"pattern": "span-{SPAN}/eval.tsv", "splits": {"eval": 1}},
            ],
            "on_bad_row": "skip",
            "max_bad_fraction": 0.01,
            "quality": {"max_shared_sources": 0.01},
            "drift": {"lengths": {"jensen_shannon": 0.05}, "min_examples": 500},
        },
        "source": {"max_length": 32},
        "target": {"unit": "space", "max_length": 32},
        "model": {"cell": "gru", "embedding_size": 32, "encoder_units": 64, "decoder_units": 128},
        "training": {"epochs": 12, "batch_tokens": 1024, "optimizer": {"learning_rate": 4.0e-3}},
        "evaluation": {
            "metrics": ["exact_match", "token_error_rate"],
            "slice_by": ["ending"],
            "length_buckets": [],
            "thresholds": [{"metric": "token_error_rate", "at_most": 0.4, "each": "ending"}],
        },
        "serving": {"validation": {"runner": "none"}},
    }
    path = place / "g2p-spans.yaml"
    path.write_text(yaml.safe_dump(sections), encoding="utf-8")
    return path


def run(config: Path, what: str) -> None:
    """Runs the pipeline, and tells how it ended."""
    print(f"== {what}", flush=True)
    try:
        status = run_session.run(load_config(config), "local")
    except typer.Exit as end:
        status = end.exit_code
    print(f"== status {status}\n", flush=True)


def main(source: str, place: str) -> None:
    """Trains on a good span, and then offers each damaged one as the next."""
    rows, folder = read_rows(Path(source)), Path(place).absolute()
    size = TRAIN_PAIRS + EVAL_PAIRS
    first, second = rows[:size], rows[size : 2 * size]
    write_span(folder / "data" / "span-1", first[:TRAIN_PAIRS], first[TRAIN_PAIRS:])
    config = write_config(folder)
    run(config, "span 1: as it is")
    for damage in DAMAGES:
        write_span(folder / "data" / "span-2", *damage(second[:TRAIN_PAIRS], second[TRAIN_PAIRS:]))
        run(config, f"span 2: {damage.__doc__}")


if __name__ == "__main__":
    main(*sys.argv[1:])
