"""Intervals of confidence and significance by resampling examples, as sacrebleu does it.

References:
  Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation".
  Post 2018, "A Call for Clarity in Reporting BLEU Scores".
"""

from collections.abc import Iterator

import numpy as np

# sacrebleu's defaults: the same data gives the same figures there.
SAMPLES = 1000
SEED = 12345

# Examples that are drawn at once, over all samples.
_DRAWN_AT_ONCE = 1 << 22


def resample(examples: np.ndarray) -> np.ndarray:
    """Sums over as many examples as there are, drawn with replacement.

    Args:
      examples: what each example adds to each sum, float64 [examples, sums]; the same draw is used for all sums.

    Returns:
      The sums of each sample, float64 [SAMPLES, sums].
    """
    count = len(examples)
    samples = [np.bincount(drawn, minlength=count) @ examples for portion in _draws(count) for drawn in portion]
    return np.array(samples)


def interval(scores: np.ndarray) -> tuple[float, float]:
    """Where 95 of 100 of the samples' scores, float64 [SAMPLES], lie; NaN where a sample has no score."""
    if np.isnan(scores).any():
        return float("nan"), float("nan")
    ordered = np.sort(scores)
    outside = len(ordered) // 40
    return float(ordered[outside]), float(ordered[-outside - 1])


def p_value(ours: np.ndarray, theirs: np.ndarray, difference: float) -> float:
    """p-value of the paired bootstrap for a difference of two models.

    Args:
      ours, theirs: scores of the models on the same samples, float64 [SAMPLES].
      difference: of their scores on all examples.

    Returns:
      The share of samples, one added, in which the difference exceeds its mean by more than the observed one; 1 where
      a sample has no score, and for no difference.
    """
    differences = np.abs(ours - theirs)
    if np.isnan(differences).any() or not difference:
        return 1.0
    return (int(np.sum(differences - differences.mean() > abs(difference))) + 1) / (len(differences) + 1)


def _draws(examples: int) -> Iterator[np.ndarray]:
    """Indices of all samples, int64 [samples, examples], in portions; the portions do not change what is drawn."""
    generator = np.random.default_rng(SEED)
    portion = max(1, _DRAWN_AT_ONCE // examples)
    for start in range(0, SAMPLES, portion):
        yield generator.choice(examples, size=(min(portion, SAMPLES - start), examples), replace=True)
