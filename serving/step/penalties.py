"""From log-probability to score, as the graph does it: Wu et al. 2016, "Google's Neural Machine Translation System"."""

import numpy as np

from serving.step.settings import DecodingSettings

# Attention that has rounded to 0 leaves a finite penalty.
_LEAST_COVERAGE = 1e-10


def score(log_prob: np.ndarray, length: int, attended: np.ndarray | None, settings: DecodingSettings) -> np.ndarray:
    """Scores of ended hypotheses, float32 [N].

    Args:
      log_prob: float32 [N].
      length: tokens of each, the end token included.
      attended: float32 [N, S], attention that each source position received in all, 1 at padding; needed with a
        coverage penalty.
      settings: the penalties.
    """
    result = bound(log_prob, np.float32(length), settings)
    if settings.coverage_penalty:
        covered = np.log(np.clip(attended, _LEAST_COVERAGE, 1.0, dtype=np.float32))
        result = result + np.float32(settings.coverage_penalty) * covered.sum(axis=-1)
    return result


def bound(log_prob: np.ndarray, longest: np.ndarray, settings: DecodingSettings) -> np.ndarray:
    """What the score of an open hypothesis can come to at most, if it may have `longest` tokens, the end included."""
    tokens = np.asarray(longest, np.float32)
    if settings.length_penalty == "average":
        return log_prob / tokens
    if settings.length_penalty == "gnmt":
        return log_prob / ((np.float32(5) + tokens) / np.float32(6)) ** np.float32(settings.length_penalty_alpha)
    return log_prob
