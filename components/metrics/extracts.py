"""What is done to TFMA's extracts around the model's answer, so that no more is carried along than is needed."""

import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma

from components.metrics.batches import batches_of_similar_length
from components.metrics.buckets import SOURCE_LENGTH, SOURCE_UNKNOWN, Buckets
from components.metrics.tensor_values import texts
from serving import contract
from transform.features import SOURCE

# What is read of the model's outputs. All others are larger, some of them by far.
OUTPUTS = (
    contract.TRANSLATION,
    contract.LOG_PROBS,
    contract.TARGET_LOG_PROB,
    contract.TARGET_LENGTH,
    contract.SOURCE_UNKNOWN,
)

# Where features wait while the model answers.
WAITING = "waiting_features"

_SECONDS_BETWEEN_REPORTS = 10.0
_LOGGER = logging.getLogger("seq2seq.evaluator")


def cut_batch(extracts: tfma.Extracts) -> Iterator[tfma.Extracts]:
    """Cuts a batch of raw examples into batches to decode."""
    for examples in batches_of_similar_length(extracts[tfma.ARROW_RECORD_BATCH_KEY], SOURCE):
        yield {**extracts, tfma.ARROW_RECORD_BATCH_KEY: examples}


def set_features_aside(extracts: tfma.Extracts, slice_keys: Sequence[str]) -> tfma.Extracts:
    """Drops all features of a batch but those that slices are made of, and puts these where TFMA does not see them.

    TFMA would feed a feature that has the name of the signature's input instead of the serialized examples.
    """
    features = extracts[tfma.FEATURES_KEY]
    waiting = {name: features[name] for name in {SOURCE, *slice_keys} if features.get(name) is not None}
    return {**extracts, tfma.FEATURES_KEY: {}, WAITING: waiting}


class KeepWhatMetricsRead(beam.DoFn):
    """Drops all else of a decoded batch, and tells how many examples were decoded."""

    def __init__(self, several_models: bool):
        """Knows whether the outputs come in a dictionary of models."""
        self._several_models = several_models

    def setup(self) -> None:
        self._decoded = 0
        self._reported = time.monotonic()

    def process(self, extracts: tfma.Extracts) -> Iterator[tfma.Extracts]:
        answers = extracts[tfma.PREDICTIONS_KEY]
        kept = {model: _kept(answer) for model, answer in answers.items()} if self._several_models else _kept(answers)
        self._report(len(extracts[tfma.INPUT_KEY]))
        yield {
            tfma.LABELS_KEY: extracts[tfma.LABELS_KEY],
            tfma.PREDICTIONS_KEY: kept,
            WAITING: extracts[WAITING],
        }

    def _report(self, examples: int) -> None:
        self._decoded += examples
        if time.monotonic() - self._reported > _SECONDS_BETWEEN_REPORTS:
            self._reported = time.monotonic()
            _LOGGER.info("examples decoded so far: %s", f"{self._decoded:,}")


def add_slice_features(
    extracts: tfma.Extracts, slice_keys: Sequence[str], buckets: dict[str, Buckets]
) -> tfma.Extracts:
    """Gives an example the features that it is sliced by, as text: slice keys, and the buckets that its source is in.

    An example without a slice key, or with an empty one, is in no slice of that key. Unknown tokens are those of the
    candidate's vocabulary.
    """
    # TFMA leaves out what the last examples of a batch have no values for.
    waiting = extracts.get(WAITING, {})
    features = {key: [text for text in texts(waiting.get(key)) if text] for key in slice_keys}
    features[SOURCE_LENGTH] = buckets[SOURCE_LENGTH].names_of(sum(map(len, texts(waiting.get(SOURCE)))))
    if buckets[SOURCE_UNKNOWN].bounds:
        answers = extracts[tfma.PREDICTIONS_KEY]
        unknown = answers.get(tfma.CANDIDATE_KEY, answers)[contract.SOURCE_UNKNOWN]
        features[SOURCE_UNKNOWN] = buckets[SOURCE_UNKNOWN].names_of(np.asarray(unknown).item())
    return {
        tfma.LABELS_KEY: extracts.get(tfma.LABELS_KEY),
        tfma.PREDICTIONS_KEY: extracts[tfma.PREDICTIONS_KEY],
        tfma.FEATURES_KEY: {key: np.array(values, object) for key, values in features.items() if values},
    }


def _kept(outputs: dict[str, Any]) -> dict[str, Any]:
    # A blessed model of earlier days may not have all of them.
    return {name: outputs[name] for name in OUTPUTS if name in outputs}
