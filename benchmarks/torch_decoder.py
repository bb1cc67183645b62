"""PyTorch as a way of decoding: its process, and the product's weights under PyTorch's names."""

import dataclasses
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import tensorflow as tf

from benchmarks.token_batches import Shape
from benchmarks.variants import TrainedModel


def has_torch(python: Path) -> bool:
    """Whether an interpreter can import PyTorch."""
    return subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode == 0


class TorchDecoder:
    """Decodes with PyTorch what a trained model would decode.

    Args:
        trained: The model.
        python: Interpreter that has PyTorch.
        weights: File to write the weights to.

    Raises:
        ValueError: Where the model is not of the architecture that PyTorch's has.
    """

    def __init__(self, trained: TrainedModel, python: Path, weights: Path):
        config = trained.config.model
        wanted = {"cell": "lstm", "attention": "general", "attention_place": "after", "attention_scaled": False}
        wanted |= {"bidirectional": True, "residual": False, "layer_normalization": False, "decoder_layers": 1}
        for key, value in {**wanted, "tie_target_embedding": False}.items():
            if getattr(config, key) != value:
                raise ValueError(f"model.{key} is {getattr(config, key)!r}: PyTorch's model has {value!r}")
        self._trained = trained
        np.savez(weights, **_torch_weights(trained))
        shape = Shape(
            trained.source.vocabulary_size,
            trained.target.vocabulary_size,
            config.embedding_size,
            config.encoder_units,
            config.decoder_units,
            encoder_layers=config.encoder_layers,
        )
        arguments = [str(weights), json.dumps(dataclasses.asdict(shape)), str(os.cpu_count())]
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.torch_decoding", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def decode(self, texts: list[str], beam: int) -> list[str]:
        """The most probable text of each."""
        source = self._trained.source.source(tf.constant(texts))
        ids = [row[:length].tolist() for row, length in zip(source.ids.numpy(), source.length.numpy(), strict=True)]
        request = {"ids": ids, "beam": beam, "most": self._trained.config.target.max_length}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        found = json.loads(self._process.stdout.readline())
        return [text.decode() for text in self._trained.target.detokenize(tf.constant(found, tf.int64)).text.numpy()]


def _torch_weights(trained: TrainedModel) -> dict[str, np.ndarray]:
    encoder, decoder = trained.model.encoder, trained.model.decoder
    weights = {
        "source_embedding.weight": encoder.embedding.embeddings,
        "target_embedding.weight": decoder.embedding.embeddings,
        "query.weight": tf.transpose(decoder.attention.kernel),
        **_linear("bridge.0", decoder.bridge[0]),
        **_linear("bridge.1", decoder.bridge[1]),
        **_linear("combine", decoder.combine),
        **_linear("output", decoder.output_layer),
        **_lstm("decoder", "l0", decoder.stack.cells[0]),
    }
    for number, layer in enumerate(encoder.layers):
        weights |= _lstm("encoder", f"l{number}", layer.forward)
        weights |= _lstm("encoder", f"l{number}_reverse", layer.backward)
    return {name: np.array(value) for name, value in weights.items()}


def _linear(name: str, layer) -> dict:
    return {f"{name}.weight": tf.transpose(layer.kernel), f"{name}.bias": layer.bias}


def _lstm(name: str, suffix: str, cell) -> dict:
    # Both have the gates in the order input, forget, candidate, output; PyTorch has a second bias.
    return {
        f"{name}.weight_ih_{suffix}": tf.transpose(cell.kernel),
        f"{name}.weight_hh_{suffix}": tf.transpose(cell.recurrent_kernel),
        f"{name}.bias_ih_{suffix}": cell.bias,
        f"{name}.bias_hh_{suffix}": tf.zeros_like(cell.bias),
    }
