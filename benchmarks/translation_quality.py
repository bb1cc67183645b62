"""Quality of translation: the product against the plain functional model of Keras, as large and trained as long.

    seq2seq run configs/tatoeba.yaml
    python -m benchmarks.translation_quality configs/tatoeba.yaml

The run trains the product. What is trained here is the model of `training_ways.plain_model`: the same layers and units,
Adam, random batches of 64 pairs padded to their longest, `fit` and nothing else, on the same token ids for as many
seconds as the run's training steps took. Both translate the test split, and sacrebleu compares: a Markdown table with
its signatures. Both should have had the machine to themselves.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import keras
import numpy as np
import sacrebleu
import tensorflow as tf
import typer
from sacrebleu.metrics.base import Metric

from benchmarks.prepared_task import newest_output, prepared_task
from benchmarks.token_batches import Shape
from benchmarks.training_ways import plain_model
from benchmarks.variants import TrainedModel
from pipeline.config import Config
from pipeline.config_file import load_config
from serving.contract import END_ID, START_ID
from trainer.config.decoding import DecodingConfig
from trainer.data.pairs import RECORD, Pairs
from transform.features import REFERENCES, SOURCE

_BATCH = 64

Translate = Callable[[list[str]], list[str]]


def main(
    config: Annotated[Path, typer.Argument(help="Configuration that `seq2seq run` has trained a model by.")],
    beam: Annotated[int, typer.Option(help="Beam size of the product beside greedy search.")] = 5,
    seconds: Annotated[float | None, typer.Option(help="Time to train the plain model; else that of the run.")] = None,
) -> None:
    """Trains the plain model, translates, and prints a table."""
    settings = load_config(config)
    trained = TrainedModel(settings, newest_output(settings, "Trainer", "model") / "Format-Serving")
    history = json.loads(
        (newest_output(settings, "Trainer", "model_run") / "training.json").read_text(encoding="utf-8")
    )["history"]
    run_seconds = sum(epoch["train_seconds"] for epoch in history)
    plain, epochs = _train_plain(settings, trained, seconds or run_seconds)
    sources, references = _test_split(settings)
    metrics = (sacrebleu.BLEU(), sacrebleu.CHRF())
    rows = [["model", "search", "weights", "training, s", "epochs", "BLEU", "chrF"], ["---"] * 7]
    weights, time_spent = f"{trained.model.count_params():,}", f"{run_seconds:,.0f}"
    for size in (1, beam):
        with tempfile.TemporaryDirectory() as folder:
            scores = _scores(metrics, _product(trained, size, Path(folder))(sources), references)
        search = "greedy" if size == 1 else f"beam {size}"
        rows.append(["product", search, weights, time_spent, str(len(history)), *scores])
    scores = _scores(metrics, _plain(plain, trained)(sources), references)
    rows.append(
        [
            "plain Keras",
            "greedy",
            f"{plain.count_params():,}",
            f"{seconds or run_seconds:,.0f}",
            f"{epochs:.1f}",
            *scores,
        ]
    )
    for row in rows:
        sys.stdout.write(f"| {' | '.join(row)} |\n")
    for metric in metrics:
        sys.stdout.write(f"\n{metric.get_signature()}\n")


def _train_plain(config: Config, trained: TrainedModel, seconds: float) -> tuple[keras.Model, float]:
    """The plain model after so many seconds of training, and the epochs that it got through."""
    shape = Shape(
        trained.source.vocabulary_size,
        trained.target.vocabulary_size,
        config.model.embedding_size,
        config.model.encoder_units,
        config.model.decoder_units,
    )
    model = plain_model(shape)
    source, target_input, target_output = _ids(prepared_task(config).train, config.training.shuffle_buffer)

    def trim(source, target_input, target_output):
        longest = tf.reduce_max(tf.math.count_nonzero(source, axis=1))
        longest_target = tf.reduce_max(tf.math.count_nonzero(target_output, axis=1))
        return (source[:, :longest], target_input[:, :longest_target]), target_output[:, :longest_target]

    dataset = tf.data.Dataset.from_tensor_slices((source, target_input, target_output))
    dataset = dataset.shuffle(len(source), seed=1).batch(_BATCH).map(trim).prefetch(4)
    clock = _StopAfter(seconds)
    model.fit(dataset, epochs=10_000, verbose=0, callbacks=[clock])
    return model, clock.batches * _BATCH / len(source)


class _StopAfter(keras.callbacks.Callback):
    """Stops a training after some seconds, the first step not counted, which traces the graph."""

    def __init__(self, seconds: float):
        super().__init__()
        self.batches = 0
        self._seconds = seconds
        self._started = 0.0

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1
        if self.batches == 1:
            self._started = time.monotonic()
        self.model.stop_training = time.monotonic() - self._started >= self._seconds


def _ids(pairs: Pairs, rows_at_once: int) -> list[np.ndarray]:
    """All rows that take part: source, target input and target output ids."""
    pools = [pairs.parse(pool[RECORD]) for pool in pairs.pools(rows_at_once)]
    return [
        np.concatenate([pool[name] for pool in pools])
        for name in ("source_ids", "target_input_ids", "target_output_ids")
    ]


def _test_split(config: Config) -> tuple[list[str], list[list[str]]]:
    """Each source of the split that the run was evaluated on, and its references."""
    folder = newest_output(config, "ParallelTextExampleGen", "examples") / f"Split-{config.evaluation.split}"
    found: dict[str, list[str]] = {}
    for record in tf.data.TFRecordDataset(sorted(map(str, folder.iterdir())), "GZIP"):
        features = tf.train.Example.FromString(record.numpy()).features.feature
        source, *_ = features[SOURCE].bytes_list.value
        found[source.decode()] = [reference.decode() for reference in features[REFERENCES].bytes_list.value]
    return list(found), list(found.values())


def _product(trained: TrainedModel, beam: int, folder: Path) -> Translate:
    trained.export(folder, DecodingConfig(beam_size=beam))
    signature = tf.saved_model.load(str(folder / "1")).signatures["serving_default"]

    def translate(texts: list[str]) -> list[str]:
        answers = []
        for start in range(0, len(texts), _BATCH):
            answer = signature(text=tf.constant(texts[start : start + _BATCH]))
            answers += [text.decode() for text in answer["translation"].numpy()]
        return answers

    return translate


def _plain(model: keras.Model, trained: TrainedModel) -> Translate:
    def translate(texts: list[str]) -> list[str]:
        answers = []
        for start in range(0, len(texts), _BATCH):
            source = trained.source.source(tf.constant(texts[start : start + _BATCH]))
            written = np.full((len(source.ids), 1), START_ID, np.int64)
            for _ in range(trained.config.target.max_length + 1):
                logits = model.predict_on_batch([source.ids.numpy(), written])[:, -1]
                written = np.concatenate([written, logits.argmax(axis=-1)[:, np.newaxis]], axis=1)
                if (written == END_ID).any(axis=1).all():
                    break
            answers += [text.decode() for text in trained.target.detokenize(tf.constant(written)).text.numpy()]
        return answers

    return translate


def _scores(metrics: tuple[Metric, ...], hypotheses: list[str], references: list[list[str]]) -> list[str]:
    most = max(map(len, references))
    # sacrebleu wants streams of references, of which a sentence may have none.
    streams = [[row[index] if index < len(row) else None for row in references] for index in range(most)]
    return [f"{metric.corpus_score(hypotheses, streams).score:.1f}" for metric in metrics]


if __name__ == "__main__":
    keras.utils.disable_interactive_logging()
    typer.run(main)
