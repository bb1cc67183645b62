"""Speed of decoding: in the graph, step by step from a client, and by a Python loop that calls the model once a token.

    python -m benchmarks.decode configs/g2p-small.yaml runs/g2p-small/served/seq2seq/VERSION words.txt

All ways decode the same lines with the same weights, in turns: greedy and beam 5, in batches of several sizes. The
first two go over gRPC through a local model server in a process of its own. What is printed is a Markdown table: for
batches of one the median and the 95th percentile of the time of a request, for larger ones sentences per second (median
of the repeats). The loop is what tutorials do: `predict` on the source and all that is written so far, once a token.

PyTorch takes part where --torch-python has it, for models of LSTM layers with attention `general`: greedy and beam
search of its own on the same weights, in a process of its own, from ids to ids.
"""

import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
import typer

from benchmarks.torch_decoder import TorchDecoder, has_torch
from benchmarks.variants import TrainedModel
from pipeline.config_file import load_config
from serving.client import Connection, TranslationClient
from serving.contract import END_ID, START_ID
from serving.step import DecodingSettings, StepDecoder
from trainer.config.decoding import DecodingConfig

Decode = Callable[[list[str]], list[str]]


def main(
    config: Annotated[Path, typer.Argument(help="Configuration that the model was trained by.")],
    model: Annotated[Path, typer.Argument(help="Folder of the pushed version.")],
    file: Annotated[Path, typer.Argument(help="Lines of source text.")],
    lines: Annotated[
        int, typer.Option(help="Lines to decode in one turn at batch 64; smaller batches take fewer.")
    ] = 512,
    repeats: Annotated[int, typer.Option(help="Turns of each way.")] = 3,
    beam: Annotated[int, typer.Option(help="Beam size beside greedy.")] = 5,
    torch_python: Annotated[Path, typer.Option(help="Interpreter that may have PyTorch.")] = Path(sys.executable),
) -> None:
    """Measures, and prints a table."""
    texts = file.read_text(encoding="utf-8").splitlines()
    texts = np.random.default_rng(1).permutation(texts)[:lines].tolist()
    trained = TrainedModel(load_config(config), model)
    with tempfile.TemporaryDirectory() as folder, _server(trained, Path(folder), beam) as address:
        ways = _ways(trained, address, beam)
        if has_torch(torch_python):
            peer = TorchDecoder(trained, torch_python, Path(folder) / "weights.npz")
            ways["greedy", "PyTorch"] = lambda texts: peer.decode(texts, 1)
            ways[f"beam {beam}", "PyTorch"] = lambda texts: peer.decode(texts, beam)
        _check_that_they_agree(ways, texts[:64])
        sys.stdout.write(_table(ways, texts, repeats))


@contextlib.contextmanager
def _server(trained: TrainedModel, folder: Path, beam: int) -> Iterator[str]:
    """The address of a server of two models, `greedy` and `beam`."""
    config = folder / "models.config"
    entries = []
    for name, size in (("greedy", 1), ("beam", beam)):
        trained.export(folder / name, DecodingConfig(beam_size=size))
        entries.append(f'config {{ name: "{name}" base_path: "{folder / name}" model_platform: "tensorflow" }}')
    config.write_text(f"model_config_list {{ {' '.join(entries)} }}", encoding="utf-8")
    command = [sys.executable, "-m", "serving.server", "--port=0", f"--model_config_file={config}"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            if "Running gRPC ModelServer at" in line:
                yield line.split()[-2]
                break
    finally:
        process.terminate()
        process.communicate()


def _ways(trained: TrainedModel, address: str, beam: int) -> dict[tuple[str, str], Decode]:
    """The ways of decoding, by how and where."""
    connection = Connection(address)
    ways: dict[tuple[str, str], Decode] = {}
    for search, size in (("greedy", 1), (f"beam {beam}", beam)):
        client = TranslationClient(connection, "greedy" if size == 1 else "beam")
        steps = StepDecoder(client.predictor, DecodingSettings(beam_size=size))
        ways[search, "in the graph"] = lambda texts, client=client: [x.text for x in client.translate(texts)]
        ways[search, "steps from a client"] = lambda texts, steps=steps: [x.text for x in steps.decode(texts)]
    ways["greedy", "loop over `predict`"] = lambda texts: _loop(trained, texts)
    return ways


def _loop(trained: TrainedModel, texts: Sequence[str]) -> list[str]:
    source = trained.source.source(np.array(texts, object))
    written = np.full((len(texts), 1), START_ID, np.int64)
    for _ in range(trained.config.target.max_length + 1):
        inputs = {
            "source_ids": source.ids.numpy(),
            "source_length": source.length.numpy(),
            "target_input_ids": written,
        }
        logits = trained.model.predict(inputs, batch_size=len(texts), verbose=0)[:, -1]
        following = logits.argmax(axis=-1)
        written = np.concatenate([written, following[:, np.newaxis]], axis=1)
        if (written == END_ID).any(axis=1).all():
            break
    return [text.decode() for text in trained.target.detokenize(tf.constant(written)).text.numpy()]


def _check_that_they_agree(ways: dict[tuple[str, str], Decode], texts: list[str]) -> None:
    answers = {way: decode(texts) for way, decode in ways.items()}
    for (search, where), answer in answers.items():
        expected = answers[search, "in the graph"]
        different = sum(ours != theirs for ours, theirs in zip(answer, expected, strict=True))
        # Products of other shapes round otherwise, which may decide between two texts of equal probability.
        if different > len(texts) // 50:
            raise AssertionError(f"{search}, {where}: {different} of {len(texts)} answers differ from the graph's")


def _table(ways: dict[tuple[str, str], Decode], texts: list[str], repeats: int) -> str:
    sizes = (1, 8, 32, 64)
    seconds: dict[tuple, list[float]] = {}
    for _ in range(repeats):
        for size in sizes:
            for way, decode in ways.items():
                # Retracing and slow first calls are no part of it.
                decode(texts[:size])
                for batch in _batches(texts, size, few="loop" in way[1]):
                    started = time.perf_counter()
                    decode(batch)
                    seconds.setdefault((way, size), []).append(time.perf_counter() - started)
    rows = [
        "| search | where | batch 1, p50 / p95 ms | " + " | ".join(f"batch {n}, sentences/s" for n in sizes[1:]) + " |"
    ]
    rows.append("|---|---|---|" + "---|" * len(sizes[1:]))
    for way in ways:
        one = 1000 * np.percentile(seconds[way, 1], [50, 95])
        more = [f"{size / statistics.median(seconds[way, size]):,.0f}" for size in sizes[1:]]
        rows.append(f"| {way[0]} | {way[1]} | {one[0]:.1f} / {one[1]:.1f} | " + " | ".join(more) + " |")
    return "\n".join(rows) + "\n"


def _batches(texts: list[str], size: int, few: bool) -> list[list[str]]:
    """Batches of one size: at most 64 of them, or 4 of a way that is slow."""
    most = 4 if few else 64
    return [texts[start : start + size] for start in range(0, len(texts) - size + 1, size)][:most]


if __name__ == "__main__":
    keras.utils.disable_interactive_logging()
    typer.run(main)
