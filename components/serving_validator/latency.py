"""How long a translation takes on the server, one text at a time and many at once."""

import dataclasses
import itertools
import time

import numpy as np

from components.serving_validator.caller import Caller
from components.serving_validator.sample import Sample
from serving import contract

BATCH_SIZES = (1, 32)

_FEWEST_CALLS = 5
_MOST_CALLS = 100
_MOST_SECONDS = 5.0


@dataclasses.dataclass(frozen=True)
class Latency:
    """Milliseconds that calls of serving_default took, as their client saw it."""

    batch_size: int
    p50: float
    p95: float


def measure_latency(caller: Caller, sample: Sample, batch_size: int) -> Latency:
    """Calls serving_default for a few seconds, one call after the other, with texts of all lengths in turn.

    Args:
      caller: calls the model.
      sample: the texts.
      batch_size: texts in a call; where the sample has fewer, they come several times.
    """
    # In any order but by length, so that each batch has short and long texts.
    order = np.random.default_rng(0).permutation(len(sample.sources))
    texts = itertools.cycle([sample.sources[place] for place in order])
    milliseconds = []
    end = time.monotonic() + _MOST_SECONDS
    while len(milliseconds) < _FEWEST_CALLS or (len(milliseconds) < _MOST_CALLS and time.monotonic() < end):
        batch = np.array(list(itertools.islice(texts, batch_size)), object)
        started = time.monotonic()
        caller.predict(contract.SERVING_DEFAULT, {contract.TEXT: batch}, [contract.TRANSLATION])
        milliseconds.append(1000 * (time.monotonic() - started))
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return Latency(batch_size, round(float(p50), 3), round(float(p95), 3))
