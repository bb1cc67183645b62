"""Metrics of text that the model decodes while it trains, from a sample of the eval split."""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from serving.contract import START_ID
from trainer.config.decoding import DecodingConfig
from trainer.config.training import TrainingConfig
from trainer.data.pairs import RECORD, Pairs
from trainer.decoding.choice import Beam
from trainer.decoding.constraints import Constraints
from trainer.decoding.limits import length_limits
from trainer.decoding.penalties import Penalties
from trainer.decoding.search import Source, search
from trainer.metrics.catalog import create_statistic
from trainer.metrics.statistic import DecodedExample
from trainer.model.seq2seq import Seq2Seq
from transform.text import TextProcessor

_ROWS_AT_ONCE = 64
_IDS = tf.TensorSpec([None, None], tf.int64)
_LENGTHS = tf.TensorSpec([None], tf.int64)


class TargetText(NamedTuple):
    """What decoding needs beside the model.

    Attributes:
        processor: Text graph of the target.
        decoding: How text is decoded. Of a sample, beam_size and replace_unknown do not count: training has a beam
            of its own, and the source's text is not in the transformed pairs.
    """

    processor: TextProcessor
    decoding: DecodingConfig


class DecodedSample:
    """Measures text decoded from a sample of pairs, which is the same at every measurement.

    References are rebuilt from their ids, one for each pair, unknown tokens as U+FFFD.

    Args:
        model: The model that is trained.
        pairs: The pairs to draw from.
        count: How many there are.
        training: Its early stopping names the metric and the sample.
        text: How ids become text.
        before_batch: Called before each batch; what it raises ends the measurement.
    """

    def __init__(
        self,
        model: Seq2Seq,
        pairs: Pairs,
        count: int,
        training: TrainingConfig,
        text: TargetText,
        before_batch: Callable[[], None] = lambda: None,
    ):
        stopping = training.early_stopping
        self._before_batch = before_batch
        self._model = model
        self._pairs = pairs
        self._text = text
        self._beam_size = stopping.beam_size
        self._statistic = create_statistic(stopping.metric, text.processor.config.unit)
        chosen = random.Random(f"{training.seed}/sample").sample(range(count), min(stopping.sample, count))
        self._records = _records(pairs, training.shuffle_buffer, frozenset(chosen))
        self._decode = tf.function(
            self._decoded_text, input_signature=[_IDS, _LENGTHS], autograph=False, jit_compile=False
        )
        self._tell = tf.function(
            lambda ids: text.processor.detokenize(ids).text, input_signature=[_IDS], autograph=False
        )

    def measure(self) -> float:
        """The metric, with the weights that the model has; NaN where there is nothing to divide by."""
        sums = np.zeros(self._statistic.width, np.float64)
        for hypothesis, reference in self._texts():
            sums += self._statistic.of_example(DecodedExample(hypothesis, [reference]))
        return self._statistic.figure(sums.tolist())

    def _texts(self) -> Iterator[tuple[str, str]]:
        """What was decoded, and what should have been."""
        for start in range(0, len(self._records), _ROWS_AT_ONCE):
            self._before_batch()
            rows = self._pairs.parse(tf.constant(self._records[start : start + _ROWS_AT_ONCE]))
            longest = tf.reduce_max(rows["source_length"])
            decoded = self._decode(rows["source_ids"][:, :longest], rows["source_length"])
            right = self._tell(rows["target_output_ids"])
            for pair in zip(decoded.numpy(), right.numpy(), strict=True):
                yield tuple(text.decode() for text in pair)

    def _decoded_text(self, source_ids: tf.Tensor, source_length: tf.Tensor) -> tf.Tensor:
        """Source ids, int64 [batch, source], of lengths int64 [batch], to target text, string [batch]."""
        processor, decoding = self._text
        memory, state = self._model.encode(source_ids, source_length)
        start = tf.fill(tf.shape(source_length), tf.constant(START_ID, tf.int64))
        limits = length_limits(source_length, decoding, processor.config.max_length)
        hypotheses = search(
            self._model.decoder.step,
            Source(start, state, memory, source_length),
            Beam(self._beam_size),
            Constraints(limits, None, decoding.suppress_unknown, decoding.no_repeat_ngram),
            Penalties(decoding.length_penalty, decoding.length_penalty_alpha, decoding.coverage_penalty),
            n_best=1,
        )
        return processor.detokenize(hypotheses.ids[:, 0]).text


def _records(pairs: Pairs, at_once: int, chosen: frozenset[int]) -> list[bytes]:
    """The serialized rows with these numbers, those of long sources last."""
    found, number = [], 0
    for pool in pairs.pools(at_once):
        for record, length in zip(pool[RECORD].numpy(), pool["source_length"].numpy(), strict=True):
            if number in chosen:
                found.append((length, number, record))
            number += 1
    return [record for *_, record in sorted(found)]
