"""How hypotheses are continued: the most probable ones of all (beam), or each by a token drawn at random (sampling)."""

import dataclasses
from typing import Protocol

import numpy as np

from serving.step.settings import SamplingSettings

# SplitMix64 (Steele et al. 2014, "Fast Splittable Pseudorandom Number Generators").
_INCREMENT = np.uint64(0x9E3779B97F4A7C15)
_FIRST_FACTOR = np.uint64(0xBF58476D1CE4E5B9)
_SECOND_FACTOR = np.uint64(0x94D049BB133111EB)


class Choice(Protocol):
    """A way to continue hypotheses."""

    width: int  # hypotheses of a row
    competing: bool  # whether a row is done when no open hypothesis can come among the best
    needs_all_tokens: bool

    def open_at_start(self) -> list[bool]:
        """Which of the hypotheses, all of them empty, are there before the first step."""

    def choose(
        self, time: int, log_prob: np.ndarray, token_log_probs: np.ndarray, history: np.ndarray, tokens: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Continues the hypotheses of every row.

        Args:
          time: tokens that every hypothesis has written.
          log_prob: float32 [B, W], minus infinity where there is no hypothesis.
          token_log_probs: float32 [B, W, C], minus infinity for what may not come.
          history: int64 [B, W, time].
          tokens: int64 [B, W, C], whose log-probabilities these are.

        Returns:
          The hypothesis that each one continues, int [B, W]; the place of its token among the C, int [B, W]; and
          whether there was anything to choose, bool [B, W].
        """


@dataclasses.dataclass(frozen=True)
class Beam:
    """The most probable continuations of all hypotheses of a row; of equal ones the first. Greedy at width 1."""

    width: int
    competing: bool = True
    needs_all_tokens: bool = False

    def open_at_start(self) -> list[bool]:
        """One empty hypothesis."""
        return [index == 0 for index in range(self.width)]

    def choose(self, time, log_prob, token_log_probs, history, tokens):
        """See Choice."""
        candidates = token_log_probs.shape[2]
        continued = (log_prob[:, :, None] + token_log_probs).reshape(len(log_prob), -1)
        best = top_k(continued, self.width)
        is_open = np.take_along_axis(continued, best, axis=1) > -np.inf
        return best // candidates, best % candidates, is_open


class Sampling:
    """Each hypothesis goes on by itself, with a token drawn from the tempered and truncated distribution.

    The draw depends on the row's seed, the hypothesis and the time alone, and is the one that the graph makes.
    """

    competing = False
    needs_all_tokens = True

    def __init__(self, seeds: np.ndarray, settings: SamplingSettings):
        """Makes the choice; `seeds` is int64 [B]."""
        self.width = settings.sample_size
        self._seeds = np.asarray(seeds, np.int64)
        self._settings = settings

    def open_at_start(self) -> list[bool]:
        """All hypotheses, each empty."""
        return [True] * self.width

    def choose(self, time, log_prob, token_log_probs, history, tokens):
        """See Choice."""
        tempered = token_log_probs / np.float32(self._settings.temperature)
        tempered = np.where(self._kept(tempered), tempered, -np.inf)
        noise = gumbel_noise(self._seeds, time, self.width, tempered.shape[2])
        parent = np.broadcast_to(np.arange(self.width), log_prob.shape)
        return parent, np.argmax(tempered + noise, axis=2), log_prob > -np.inf

    def _kept(self, tempered: np.ndarray) -> np.ndarray:
        """The tokens that are drawn from, bool [B, W, V]."""
        settings = self._settings
        order = np.argsort(-tempered, axis=2, kind="stable")
        best = np.take_along_axis(tempered, order, axis=2)
        kept = np.ones(best.shape, bool)
        if settings.top_k is not None:
            kept &= np.arange(best.shape[2]) < settings.top_k
        if settings.top_p < 1:
            with np.errstate(invalid="ignore"):  # rows without a hypothesis
                probabilities = np.where(kept, np.exp(best - best[:, :, :1]), 0)
                probabilities /= probabilities.sum(axis=2, keepdims=True)
                kept &= np.cumsum(probabilities, axis=2) - probabilities < settings.top_p
        result = np.empty(kept.shape, bool)
        np.put_along_axis(result, order, kept, axis=2)
        return result


def top_k(values: np.ndarray, count: int) -> np.ndarray:
    """Indices of the highest values of each row, int [B, count], the highest first, of equal ones the first."""
    if values.shape[1] > 8 * count:
        # Most values are below the lowest of the best: what is left is sorted alone.
        lowest = np.partition(values, -count, axis=1)[:, -count][:, None]
        width = int((values >= lowest).sum(axis=1).max(initial=count))
        if width <= 4 * count:
            few = np.argsort(values < lowest, axis=1, kind="stable")[:, :width]
            order = np.argsort(-np.take_along_axis(values, few, axis=1), axis=1, kind="stable")[:, :count]
            return np.take_along_axis(few, order, axis=1)
    return np.argsort(-values, axis=1, kind="stable")[:, :count]


def gumbel_noise(seeds: np.ndarray, time: int, width: int, vocabulary_size: int) -> np.ndarray:
    """Standard Gumbel noise, float32 [B, W, V], the same numbers as the graph's."""
    with np.errstate(over="ignore"):
        rows = _mix(_mix(seeds.view(np.uint64)) + np.uint64(time))[:, None, None]
        places = np.arange(width * vocabulary_size, dtype=np.uint64).reshape(width, vocabulary_size)
        bits = _mix(rows + places * _INCREMENT)
    uniform = ((bits >> np.uint64(41)).astype(np.float32) + np.float32(0.5)) * np.float32(2.0**-23)
    return -np.log(-np.log(uniform))


def _mix(value: np.ndarray) -> np.ndarray:
    value = value + _INCREMENT
    value = (value ^ (value >> np.uint64(30))) * _FIRST_FACTOR
    value = (value ^ (value >> np.uint64(27))) * _SECOND_FACTOR
    return value ^ (value >> np.uint64(31))
