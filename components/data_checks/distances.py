"""Distances between two distributions that are given as counts."""

from collections.abc import Hashable, Mapping

import numpy as np


def l_infinity(ours: Mapping[Hashable, float], theirs: Mapping[Hashable, float]) -> tuple[float, Hashable | None]:
    """The largest change of any value's share, from 0 to 1, and the value (of several the first in sorting order).

    Without counts on either side there is no distance: 0 and None.
    """
    values, p, q = _shares(ours, theirs)
    if not values:
        return 0.0, None
    place = int(np.argmax(np.abs(p - q)))
    return float(abs(p[place] - q[place])), values[place]


def jensen_shannon(ours: Mapping[Hashable, float], theirs: Mapping[Hashable, float]) -> float:
    """Jensen-Shannon divergence in bits: 0 for equal distributions, 1 for such without a common value.

    Without counts on either side it is 0.

    Reference: Lin 1991, "Divergence Measures Based on the Shannon Entropy".
    """
    values, p, q = _shares(ours, theirs)
    if not values:
        return 0.0
    middle = (p + q) / 2
    return float(max(0.0, (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2))


def _shares(ours: Mapping, theirs: Mapping) -> tuple[list, np.ndarray, np.ndarray]:
    values = sorted(ours.keys() | theirs.keys(), key=lambda value: (str(type(value)), value))
    p, q = (np.array([counts.get(value, 0) for value in values], np.float64) for counts in (ours, theirs))
    if not p.sum() or not q.sum():
        return [], p, q
    return values, p / p.sum(), q / q.sum()


def _relative_entropy(p: np.ndarray, q: np.ndarray) -> float:
    there = p > 0
    return float(np.sum(p[there] * np.log2(p[there] / q[there])))
