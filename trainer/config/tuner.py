"""Settings of the search for settings."""

from typing import Any, Literal

import pydantic
from pydantic import Field

from transform.config import Section

Value = bool | int | float | str

# How long a trial trains is said by the tuner, by what it is judged and where it runs is the same for all.
_NOT_SEARCHED = (
    *("training.epochs", "training.max_steps", "training.early_stopping"),
    *("training.warm_start", "training.distribution"),
)


class SearchRange(Section):
    """The values of one setting that are tried: `choices`, or all from `min` to `max`."""

    choices: list[Value] | None = Field(None, min_length=1, description="The values, all of one type.")
    min: int | float | None = Field(None, description="Least value; whole numbers alone are tried if both ends are.")
    max: int | float | None = Field(None, description="Greatest value.")
    sampling: Literal["linear", "log"] = Field(
        "linear", description="log: the logarithms of the values are drawn evenly; min must be above 0."
    )
    step: int | float | None = Field(
        None,
        gt=0,
        description="Distance of two values; with sampling log their ratio, above 1. none: all values can come.",
    )

    @pydantic.model_validator(mode="after")
    def _is_a_range(self) -> "SearchRange":
        if (self.choices is None) == (self.min is None) or (self.min is None) != (self.max is None):
            raise ValueError("wanted either choices, or min and max")
        if self.choices is not None:
            if self.sampling != "linear" or self.step is not None:
                raise ValueError("sampling and step go with min and max, not with choices")
            if len({_kind(choice) for choice in self.choices}) > 1:
                raise ValueError(f"choices are {self.choices}: wanted values of one type")
            return self
        if not self.min < self.max:
            raise ValueError(f"min is {self.min} and max is {self.max}: wanted a greater max")
        if self.sampling == "log" and self.min <= 0:
            raise ValueError(f"min is {self.min}: with sampling log it must be above 0")
        if self.sampling == "log" and self.step is not None and self.step <= 1:
            raise ValueError(f"step is {self.step}: with sampling log it is a ratio, and must be above 1")
        if self.whole and not isinstance(self.step, int | None):
            raise ValueError(f"step is {self.step}: between the whole numbers {self.min} and {self.max} it must be one")
        return self

    @property
    def whole(self) -> bool:
        """Whether whole numbers alone are tried."""
        return isinstance(self.min, int) and isinstance(self.max, int)

    def extremes(self) -> list[Value]:
        """All choices, or both ends of the range."""
        return [self.min, self.max] if self.choices is None else self.choices


class TunerConfig(Section):
    """The search for settings of the model and its training, before the model itself is trained with the best.

    What is best, is told by the metric of training.early_stopping.
    """

    enabled: bool = Field(False, description="Search, and train with the best settings found.")
    algorithm: Literal["random", "grid", "bayesian", "hyperband"] = Field(
        "random",
        description=(
            "How the next values are chosen. random: at random. grid: all combinations in turn. bayesian: by a Gaussian"
            " process over the trials so far. hyperband: many short trials, the best of them again for longer."
        ),
    )
    trials: int = Field(10, ge=1, le=10_000, description="Most trials.")
    epochs: int | None = Field(
        None, ge=1, description="Epochs of a trial, with hyperband of the longest; none: training.epochs."
    )
    max_steps: int | None = Field(None, ge=1, description="Most optimiser steps of a trial; none: training.max_steps.")
    space: dict[str, SearchRange] = Field(
        {}, description="Values to try, by keys of sections model and training, such as `model.dropout`."
    )

    @pydantic.model_validator(mode="after")
    def _has_a_space(self) -> "TunerConfig":
        if self.enabled and not self.space:
            raise ValueError("enabled is true, but space names no setting to search for")
        for key in self.space:
            section, dot, _ = key.partition(".")
            if not dot or section not in ("model", "training"):
                raise ValueError(f"space has {key!r}: wanted a key of section model or training")
            if any(key == fixed or key.startswith(f"{fixed}.") for fixed in _NOT_SEARCHED):
                raise ValueError(f"space has {key!r}, which cannot be searched")
        return self


def _kind(value: Any) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)
