"""Speed of training: the product, the plain functional model of Keras, and PyTorch, on the same batches of token ids.

    python -m benchmarks.train pairs.tsv --target-words

All ways train the same architecture (bidirectional LSTM, LSTM decoder, multiplicative attention over its outputs, Adam
with clipping, no dropout) in processes of their own that take turns: a turn is one step on each of a sample of the
file's batches. What is printed is a Markdown table of medians over the turns; an epoch is all batches of the file.

The two ways of Keras differ in the padding alone: to the longest of each batch, or, as in tutorials, of the whole file.
PyTorch takes part where an interpreter has it. Make one beside the product's environment, which is free of it:

    python3.10 -m venv torch-env && torch-env/bin/pip install torch numpy
    python -m benchmarks.train pairs.tsv --target-words --torch-python torch-env/bin/python

Run it on a machine that does nothing else: PyTorch's threads wait for each other by spinning, and come to a standstill
where another process has their cores. With --threads 1 all ways bear company.
"""

import dataclasses
import json
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.token_batches import Batch, Shape, read_batches, repad, save_batches, vocabulary_sizes
from benchmarks.torch_decoder import has_torch


def main(
    file: Annotated[Path, typer.Argument(help="Pairs: source, tab, target.")],
    target_words: Annotated[bool, typer.Option(help="Target tokens stand between spaces; else characters.")] = False,
    batch_size: Annotated[int, typer.Option(help="Pairs of a batch.")] = 64,
    embedding: Annotated[int, typer.Option(help="Width of the embeddings.")] = 256,
    encoder_units: Annotated[int, typer.Option(help="Units of the encoder, per direction.")] = 256,
    decoder_units: Annotated[int, typer.Option(help="Units of the decoder.")] = 512,
    sample: Annotated[int, typer.Option(help="Batches of a turn.")] = 20,
    turns: Annotated[int, typer.Option(help="Turns of each way that count; one before them does not.")] = 5,
    threads: Annotated[int, typer.Option(help="Threads of each way.")] = 2,
    torch_python: Annotated[Path, typer.Option(help="Interpreter that may have PyTorch.")] = Path(sys.executable),
) -> None:
    """Measures, and prints a table."""
    batches = read_batches(file, target_words, batch_size)
    shape = Shape(*vocabulary_sizes(batches), embedding, encoder_units, decoder_units)
    drawn = random.Random(1).sample(batches, min(sample, len(batches)))
    with tempfile.TemporaryDirectory() as folder:
        bucketed, padded = Path(folder) / "bucketed.npz", Path(folder) / "padded.npz"
        save_batches(drawn, bucketed)
        save_batches([repad(batch, *_longest(batches)) for batch in drawn], padded)
        rounded = dataclasses.replace(shape, precision="mixed_bfloat16")
        ways = {
            "product": _Worker(sys.executable, "product", bucketed, shape, threads),
            "product, bfloat16": _Worker(sys.executable, "product", bucketed, rounded, threads),
            "Keras `fit`, same batches": _Worker(sys.executable, "keras", bucketed, shape, threads),
            "Keras `fit`, padded to the longest of all": _Worker(sys.executable, "keras", padded, shape, threads),
        }
        if has_torch(torch_python):
            ways["PyTorch"] = _Worker(str(torch_python), "torch", bucketed, shape, threads)
            ways["PyTorch, bfloat16"] = _Worker(str(torch_python), "torch", bucketed, rounded, threads)
        try:
            failures = {way: error for way, worker in ways.items() if (error := worker.take_first_turn())}
            if "product" in failures:
                raise RuntimeError(failures["product"])
            taking_part = {way: worker for way, worker in ways.items() if way not in failures}
            for _ in range(turns):
                for worker in taking_part.values():
                    worker.take_turn()
        finally:
            for worker in ways.values():
                worker.close()
    sys.stdout.write(_table(taking_part, _target_tokens(drawn), _target_tokens(batches)))
    for way, error in failures.items():
        # PyTorch's LSTM in bfloat16 needs instructions that not every processor has.
        reason = [line for line in error.splitlines() if line.strip()][-1]
        sys.stdout.write(f"\n{way} took no part: {reason}\n")
    if "PyTorch" not in ways:
        sys.stdout.write(f"\nPyTorch took no part: {torch_python} has none.\n")


class _Worker:
    """A process that trains in one way.

    Attributes:
        seconds: Of each turn that counts.
        peak_memory_mb: Of the process, after its last turn.
    """

    def __init__(self, python: str, way: str, batches: Path, shape: Shape, threads: int):
        arguments = [way, str(batches), json.dumps(dataclasses.asdict(shape)), str(threads)]
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.train_worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.seconds: list[float] = []
        self.peak_memory_mb = 0.0

    def take_first_turn(self) -> str:
        """Takes a turn that does not count, in which graphs are traced; gives what a way says that cannot, else ""."""
        try:
            self.take_turn()
        except RuntimeError as error:
            return str(error)
        self.seconds.clear()
        return ""

    def take_turn(self) -> None:
        """Trains on all batches once.

        Raises:
            RuntimeError: Where the process failed, with what it said.
        """
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{' '.join(self._process.args)} failed:\n{self._process.stderr.read()}")
        found = json.loads(answer)
        self.seconds.append(found["seconds"])
        self.peak_memory_mb = found["peak_memory_mb"]

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate("")


def _table(ways: dict[str, _Worker], drawn_tokens: int, all_tokens: int) -> str:
    speeds = {way: drawn_tokens / statistics.median(worker.seconds) for way, worker in ways.items()}
    rows = ["| way | target tokens/s | to the product | seconds per epoch | peak memory, MB | to the product |"]
    rows.append("|---|---|---|---|---|---|")
    product = next(iter(ways))
    for way, worker in ways.items():
        speed, memory = speeds[way], worker.peak_memory_mb
        rows.append(
            f"| {way} | {speed:,.0f} | {speed / speeds[product]:.2f} | {all_tokens / speed:,.0f} |"
            f" {memory:,.0f} | {memory / ways[product].peak_memory_mb:.2f} |"
        )
    return "\n".join(rows) + "\n"


def _target_tokens(batches: list[Batch]) -> int:
    return sum(int(batch["target_length"].sum()) for batch in batches)


def _longest(batches: list[Batch]) -> tuple[int, int]:
    return tuple(max(batch[name].shape[1] for batch in batches) for name in ("source_ids", "target_input_ids"))


if __name__ == "__main__":
    typer.run(main)
