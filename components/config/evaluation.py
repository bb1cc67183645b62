"""Settings of the evaluation: what is measured, per which slices, and what must be reached."""

import pydantic
from pydantic import Field

from components.metrics.calibration_config import CalibrationConfig
from trainer.metrics.names import MetricName
from transform.config import Section


class ThresholdConfig(Section):
    """What a metric must reach for the model to be blessed."""

    metric: MetricName = Field(description="Name of the metric.")
    each: str | None = Field(
        None,
        description=(
            "One of slice_by, source_length or source_unknown: each of its slices must reach it, and a failure names"
            " the slice; none: the whole evaluation split must."
        ),
    )
    at_least: float | None = Field(None, allow_inf_nan=False, description="Lowest value that passes.")
    at_most: float | None = Field(None, allow_inf_nan=False, description="Highest value that passes.")
    max_regression: float | None = Field(
        None,
        allow_inf_nan=False,
        description="How much worse than the latest blessed model it may be; negative: how much better it must be.",
    )
    max_p_value: float | None = Field(
        None,
        gt=0.0,
        lt=1.0,
        description=(
            "It must be better than the latest blessed model's, and by a paired bootstrap this unlikely by chance, as"
            " in 0.05."
        ),
    )

    @pydantic.model_validator(mode="after")
    def _asks_something(self) -> "ThresholdConfig":
        if all(value is None for value in (self.at_least, self.at_most, self.max_regression, self.max_p_value)):
            raise ValueError("one of at_least, at_most, max_regression and max_p_value is needed")
        if self.each is not None and self.max_p_value is not None:
            raise ValueError(f"max_p_value is of the whole evaluation split, but each is {self.each!r}")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"at_least is {self.at_least} and at_most is {self.at_most}: nothing can pass both")
        return self


# Settings of buckets, the name of the slices by them, and the least bound.
_BUCKETS = (("length_buckets", "source_length", 1), ("unknown_buckets", "source_unknown", 0))


class EvaluationConfig(Section):
    """What is measured before a model may be pushed."""

    split: str = Field("eval", description="Split that is decoded and measured.")
    metrics: list[MetricName] = Field(
        ["exact_match", "bleu", "chrf", "word_error_rate", "token_error_rate", "loss_per_token"],
        min_length=1,
        description="Metrics to compute, of the model's text and the references as they are in the data.",
    )
    slice_by: list[str] = Field([], description="Slice keys of the data to slice the metrics by, one at a time.")
    length_buckets: list[int] = Field(
        [10, 20, 40, 80],
        description=(
            "Upper bounds of buckets of source lengths to slice by, in characters (Unicode code points of the text as"
            " it is in the data, whatever a token is); empty: none."
        ),
    )
    unknown_buckets: list[int] = Field(
        [],
        description=(
            "Upper bounds of buckets of how many tokens of the source, as the model reads it, its vocabulary does not"
            " have, to slice by, as in [0, 2] for 0, 1-2 and 3+; empty: none."
        ),
    )
    cross_by: list[list[str]] = Field(
        [],
        description=(
            "Pairs of slice_by, source_length and source_unknown to slice by together, as in [[domain, source_length]]."
        ),
    )
    calibration: CalibrationConfig = Field(CalibrationConfig(), description=CalibrationConfig.__doc__)
    thresholds: list[ThresholdConfig] = Field(
        min_length=1, description="What the model must reach to be blessed, and with that pushed."
    )

    @pydantic.model_validator(mode="after")
    def _thresholds_are_measured(self) -> "EvaluationConfig":
        for index, threshold in enumerate(self.thresholds):
            if threshold.metric not in self.metrics:
                raise ValueError(f"thresholds.{index}.metric {threshold.metric!r} is not among metrics {self.metrics}")
        for key, name, least in _BUCKETS:
            self._check_buckets(key, name, least)
        sliceable = [*self.slice_by, *(name for key, name, _ in _BUCKETS if getattr(self, key))]
        for index, threshold in enumerate(self.thresholds):
            if threshold.each is not None and threshold.each not in sliceable:
                raise ValueError(f"thresholds.{index}.each is {threshold.each!r}: wanted one of {sliceable}")
        for index, pair in enumerate(self.cross_by):
            if len(set(pair)) != 2 or len(pair) != 2 or not set(pair) <= set(sliceable):
                raise ValueError(f"cross_by.{index} is {pair}: wanted two different ones of {sliceable}")
        return self

    def _check_buckets(self, key: str, name: str, least: int) -> None:
        bounds = getattr(self, key)
        if any(bound < least for bound in bounds):
            raise ValueError(f"{key} {bounds}: allowed are whole numbers from {least}")
        if sorted(set(bounds)) != bounds:
            raise ValueError(f"{key} {bounds} must rise")
        if bounds and name in self.slice_by:
            raise ValueError(
                f"slice_by has {name!r}, which is the name of the slices by {key}: rename the slice key, or leave {key}"
                " empty"
            )
