"""Memory and speed of `seq2seq predict` on files of any size.

    python -m benchmarks.predict_memory --sources 10000 --sources 100000 --sources 1000000

prints a Markdown table with a row for each count: how long the command took, the start of TensorFlow included, and the
highest resident memory of its process. Sources are made-up words, as in benchmarks.scale; the model is as small as can
be, with random weights, so that what is measured is all but the model.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from string import ascii_lowercase
from typing import Annotated

import typer
import yaml

from benchmarks.scale_data import pairs
from serving.contract import SPECIAL_TOKENS
from trainer.config.decoding import DecodingConfig
from trainer.config.model import ModelConfig
from trainer.export.saved_model import export_model
from trainer.model.seq2seq import Seq2Seq
from transform.config import TextConfig

# What the system counts for a child that has ended begins with the memory of its parent; this is its own, in KiB.
_COMMAND = """
import atexit, pathlib, re
from pipeline.cli.main import main
status = pathlib.Path("/proc/self/status")
atexit.register(lambda: print(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]))
main()
"""
_UNITS = 8
_SOURCE, _TARGET = TextConfig(max_length=24), TextConfig(unit="space", max_length=12)


def main(
    sources: Annotated[list[int], typer.Option(help="Sources to translate; may come again.")],
    ending: Annotated[str, typer.Option(help="Of the file of answers: txt, jsonl or parquet.")] = "jsonl",
    shards: Annotated[int, typer.Option(help="Files of answers.")] = 1,
) -> None:
    """Measures, and prints a table."""
    rows = [["sources", "seconds", "peak memory, MB"], ["---"] * 3]
    with tempfile.TemporaryDirectory() as folder:
        config = _prepare(Path(folder))
        for count in sorted(sources):
            seconds, peak = _measure(config, count, ending, shards)
            rows.append([f"{count:,}", f"{seconds:,.0f}", f"{peak / 2**20:,.0f}"])
    sys.stdout.write("".join(f"| {' | '.join(row)} |\n" for row in rows))


def _measure(config: Path, count: int, ending: str, shards: int) -> tuple[float, int]:
    """Seconds of the command, and the highest resident memory of its process in bytes."""
    lines = config.with_name("sources.txt")
    with lines.open("w", encoding="utf-8") as file:
        file.writelines(f"{source}\n" for source, _ in pairs(0, count))
    started = time.monotonic()
    ran = subprocess.run(
        [
            *(sys.executable, "-W", "ignore", "-c", _COMMAND),
            *("predict", config, "--input", lines, "--output", config.with_name(f"{count}.{ending}")),
            *("--shards", str(shards)),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    if ran.returncode:
        raise RuntimeError(f"{count:,} sources: the command ended with {ran.returncode}:\n{ran.stdout}")
    return time.monotonic() - started, 1024 * int(ran.stdout.split()[-1])


def _prepare(folder: Path) -> Path:
    """A task with a pushed version; returns its configuration."""
    vocabulary = folder / "vocabulary"
    vocabulary.write_text("".join(f"{token}\n" for token in (*SPECIAL_TOKENS, *ascii_lowercase)), encoding="utf-8")
    tokens = len(SPECIAL_TOKENS) + len(ascii_lowercase)
    settings = ModelConfig(cell="gru", embedding_size=_UNITS, encoder_units=_UNITS, decoder_units=_UNITS)
    export_model(
        model=Seq2Seq(settings, tokens, tokens),
        source_config=_SOURCE,
        target_config=_TARGET,
        source_vocabulary=str(vocabulary),
        target_vocabulary=str(vocabulary),
        decoding=DecodingConfig(),
        directory=str(folder / "served" / "1"),
    )
    sections = {
        "name": "predict-memory",
        "workspace": str(folder / "runs"),
        "data": {"base": str(folder), "inputs": [{"pattern": "*", "splits": {"train": 1, "eval": 1}}]},
        "evaluation": {"thresholds": [{"metric": "bleu", "at_least": 0}]},
        "serving": {"push_to": str(folder / "served")},
    }
    config = folder / "predict.yaml"
    config.write_text(yaml.safe_dump(sections), encoding="utf-8")
    return config


if __name__ == "__main__":
    typer.run(main)
