"""How long a metric has not become better: what early stopping and the plateau decay go by."""

import math


def epochs_without_gain(values: list[float], min_delta: float) -> int:
    """How many values in a row, up to the last, have not been better than the best before them.

    Args:
        values: One for each epoch; lower is better.
        min_delta: How much lower than the lowest of those that counted a value must be to count as better.
    """
    lowest, waited = math.inf, 0
    for value in values:
        if value < lowest - min_delta:
            lowest, waited = value, 0
        else:
            waited += 1
    return waited


def count_plateaus(values: list[float], patience: int) -> int:
    """How often the lowest of the values so far has stayed the lowest for `patience` further ones, each counted once.

    Args:
        values: One for each epoch; lower is better.
        patience: Values that do not go below the lowest before them, 1 or more.
    """
    lowest, waited, plateaus = math.inf, 0, 0
    for value in values:
        waited = 0 if value < lowest else waited + 1
        lowest = min(lowest, value)
        if waited == patience:
            plateaus, waited = plateaus + 1, 0
    return plateaus
