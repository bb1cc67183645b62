"""What ways of training have in common that share no other code: batches of token ids, and the size of the model.

An interpreter that has PyTorch reads this too: NumPy is all that it needs.
"""

import dataclasses
import random
from pathlib import Path

import numpy as np

# As in serving/contract.py, whose package imports TensorFlow.
PAD_ID, START_ID, END_ID, FIRST_TOKEN_ID = 0, 2, 3, 4

Batch = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Shape:
    """The size of a bidirectional LSTM encoder, an LSTM decoder, and attention over the decoder's outputs.

    Attributes:
        source_vocabulary: Number of source ids.
        target_vocabulary: Number of target ids.
        embedding: Width of both embeddings.
        encoder_units: Units of the encoder, per direction.
        decoder_units: Units of the decoder.
        learning_rate: Step size of Adam.
        clip_norm: Global norm to which gradients are clipped.
        precision: float32, or mixed_bfloat16 for products of bfloat16.
        encoder_layers: Layers of the encoder.
    """

    source_vocabulary: int
    target_vocabulary: int
    embedding: int
    encoder_units: int
    decoder_units: int
    learning_rate: float = 1e-3
    clip_norm: float = 5.0
    precision: str = "float32"
    encoder_layers: int = 1


def read_batches(file: Path, words: bool, batch_size: int, seed: int = 1) -> list[Batch]:
    """All pairs of a file once, in batches of about the same length, in random order.

    Each batch holds source_ids, target_input_ids and target_output_ids, int64 [batch, time], padded to the longest of
    the batch, source_length and target_length, int64 [batch], END included, and example_weight, float32 [batch], all 1.

    Args:
        file: Lines of source, tab, target.
        words: Whether target tokens stand between spaces; otherwise they are characters, as the source's always are.
        batch_size: Pairs of a batch.
        seed: Seed of the order.

    Raises:
        ValueError: Where a line has no tab, or there are no lines.
    """
    sources, targets = [], []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        source, tab, target = line.partition("\t")
        if not tab:
            raise ValueError(f"{file}, line {number}: no tab between source and target")
        sources.append(list(source))
        targets.append(target.split() if words else list(target))
    if not sources:
        raise ValueError(f"{file} has no lines")
    source_ids, target_ids = _number(sources), _number(targets)
    draw = random.Random(seed)
    # By the longer side, as it decides the number of steps; pairs of the same lengths come in random order.
    order = sorted(
        range(len(sources)),
        key=lambda row: (max(len(sources[row]), len(targets[row])), len(targets[row]), draw.random()),
    )
    cuts = list(range(0, len(order), batch_size))
    draw.shuffle(cuts)
    return [
        _batch(*([ids[row] for row in order[cut : cut + batch_size]] for ids in (source_ids, target_ids)))
        for cut in cuts
    ]


def vocabulary_sizes(batches: list[Batch]) -> tuple[int, int]:
    """Number of source and of target ids."""
    return tuple(1 + max(int(batch[name].max()) for batch in batches) for name in ("source_ids", "target_output_ids"))


def repad(batch: Batch, source: int, target: int) -> Batch:
    """The batch padded to so many source and target positions."""
    return {
        name: np.pad(values, [(0, 0), (0, (source if name == "source_ids" else target) - values.shape[1])])
        if name.endswith("_ids")
        else values
        for name, values in batch.items()
    }


def save_batches(batches: list[Batch], file: Path) -> None:
    """Writes batches for `load_batches`."""
    np.savez(
        file, **{f"{index}/{name}": values for index, batch in enumerate(batches) for name, values in batch.items()}
    )


def load_batches(file: Path) -> list[Batch]:
    """Reads what `save_batches` wrote."""
    batches: dict[int, Batch] = {}
    with np.load(file) as arrays:
        for key in arrays.files:
            index, name = key.split("/")
            batches.setdefault(int(index), {})[name] = arrays[key]
    return [batches[index] for index in sorted(batches)]


def _number(texts: list[list[str]]) -> list[list[int]]:
    """The ids of each text, END included."""
    tokens = sorted({token for text in texts for token in text})
    ids = {token: index for index, token in enumerate(tokens, start=FIRST_TOKEN_ID)}
    return [[*(ids[token] for token in text), END_ID] for text in texts]


def _batch(sources: list[list[int]], targets: list[list[int]]) -> Batch:
    return {
        "source_ids": _pad(sources),
        "source_length": np.array([len(ids) for ids in sources]),
        "target_input_ids": _pad([[START_ID, *ids[:-1]] for ids in targets]),
        "target_output_ids": _pad(targets),
        "target_length": np.array([len(ids) for ids in targets]),
        "example_weight": np.ones(len(targets), np.float32),
    }


def _pad(rows: list[list[int]]) -> np.ndarray:
    padded = np.full((len(rows), max(map(len, rows))), PAD_ID)
    for row, ids in zip(padded, rows, strict=True):
        row[: len(ids)] = ids
    return padded
