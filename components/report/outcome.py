"""What came of a run, and why: in words, and threshold by threshold."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from components.config.evaluation import ThresholdConfig

if TYPE_CHECKING:
    from components.serving_validator.report import Report as Trial


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes:
      state: `pushed`, or why not.
      headline: the same in words.
      reasons: what failed; empty where nothing did.
    """

    state: Literal["pushed", "failed a threshold", "failed on the server", "not pushed"]
    headline: str
    reasons: list[str]


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A threshold in words, and the figures that it was held against; None where one is not known."""

    metric: str
    words: str
    figure: float | None
    baseline: float | None


def outcome_of(blessed: bool, failures: list[str], trial: "Trial | None", pushed_version: str | None) -> Outcome:
    """Says what came of a run.

    Args:
      blessed: whether every threshold was passed.
      failures: the thresholds that were not, in words.
      trial: on a server; None where the configuration asks for none.
      pushed_version: None where nothing was pushed.
    """
    if not blessed:
        return Outcome("failed a threshold", "Not pushed: the model failed a threshold", failures)
    if trial and not trial.blessed:
        return Outcome("failed on the server", f"Not pushed: the model failed on {trial.server}", [trial.failure])
    if pushed_version is None:
        return Outcome("not pushed", "Blessed, but not pushed", [])
    return Outcome("pushed", f"Pushed as version {pushed_version}", [])


def wanted(
    thresholds: list[ThresholdConfig], figures: Mapping[str, float], baselines: Mapping[str, float]
) -> list[Wanted]:
    """All thresholds, in the order of the configuration.

    Args:
      thresholds: of the configuration.
      figures: of all examples, by metric.
      baselines: those of the blessed model; empty without one.
    """
    return [
        Wanted(each.metric, _words(each), figures.get(each.metric), baselines.get(each.metric)) for each in thresholds
    ]


def _words(threshold: ThresholdConfig) -> str:
    parts = []
    if threshold.at_least is not None:
        parts.append(f"at least {threshold.at_least:g}")
    if threshold.at_most is not None:
        parts.append(f"at most {threshold.at_most:g}")
    if threshold.max_regression is not None:
        most = threshold.max_regression
        parts.append(
            f"{-most:g} better than the blessed model"
            if most < 0
            else f"no more than {most:g} worse than the blessed model"
        )
    if threshold.max_p_value is not None:
        parts.append(f"better than the blessed model with p of at most {threshold.max_p_value:g}")
    return ", ".join(parts)
