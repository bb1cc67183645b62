"""A toy task that the whole pipeline runs through in seconds, and the command line to run it with."""

import dataclasses
import pathlib
import random

import yaml
from typer.testing import CliRunner

from pipeline.cli.main import app

LETTERS = "abcdé"


@dataclasses.dataclass(frozen=True)
class Task:
    """A task's configuration file, and the folder of pushed models."""

    config: pathlib.Path
    served: pathlib.Path

    def versions(self):
        """Numbers of the pushed versions."""
        names = [path.name for path in self.served.iterdir()] if self.served.is_dir() else []
        return sorted(int(name) for name in names if name.isdecimal())


def seq2seq(*arguments):
    """Calls the command line in this process; the outcome has `exit_code` and `output`."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def write_pairs(path, count, seed, kinds=("plain", "loud"), letters=LETTERS):
    """Strings of letters, to the same letters with spaces between; every third in capitals, as `kind` says.

    Their weights are 1 and 2 in turns.
    """
    draw = random.Random(seed)
    lines = []
    for index in range(count):
        text = "".join(draw.choices(letters, k=draw.randint(1, 6)))
        kind = kinds[index % 3 == 0]
        lines.append(f"{text.upper() if kind == 'loud' else text}\t{' '.join(text)}\t{kind}\t{index % 2 + 1}\n")
    path.write_text("".join(lines), encoding="utf-8")


def write_task(folder, **settings):
    """A task small enough to be trained in seconds."""
    data = folder / "data"
    data.mkdir()
    write_pairs(data / "train.tsv", 600, seed=1)
    write_pairs(data / "eval.tsv", 60, seed=2)
    sections = {
        "name": "toy",
        "workspace": str(folder / "runs"),
        "data": {
            "base": str(data),
            "columns": ["source", "target", "kind", "weight"],
            "weight": "weight",
            "slice_keys": ["kind"],
            "inputs": [
                {"pattern": "train.tsv", "splits": {"train": 1}},
                {"pattern": "eval.tsv", "splits": {"eval": 1}},
            ],
        },
        "source": {"max_length": 8},
        "target": {"unit": "space", "max_length": 8},
        "model": {"cell": "gru", "embedding_size": 16, "encoder_units": 16, "decoder_units": 32},
        "training": {"epochs": 2, "batch_tokens": 256},
        "evaluation": {
            "metrics": ["exact_match", "token_error_rate", "loss_per_token", "example_count"],
            "slice_by": ["kind"],
            "length_buckets": [3],
            "thresholds": [{"metric": "token_error_rate", "at_most": 5.0}],
        },
        **settings,
    }
    config = folder / "toy.yaml"
    config.write_text(yaml.safe_dump(sections, allow_unicode=True), encoding="utf-8")
    return Task(config=config, served=folder / "runs" / "toy" / "served" / "seq2seq")
