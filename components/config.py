"""Settings of data ingestion, evaluation and the push."""

from typing import Literal

import pydantic
from pydantic import Field

from transform.config import Section

METRIC_NAMES = (
    "bleu",
    "chrf",
    "ter",
    "word_error_rate",
    "token_error_rate",
    "exact_match",
    "loss_per_token",
    "example_count",
)
MetricName = Literal[METRIC_NAMES]

LOWER_IS_BETTER = frozenset({"ter", "word_error_rate", "token_error_rate", "loss_per_token"})


class InputConfig(Section):
    """Files of pairs, and the split or splits that they go to."""

    pattern: str = Field(
        min_length=1, description="Glob below data.base; {SPAN} stands for the number of a span, the newest is read."
    )
    target_pattern: str | None = Field(
        None, min_length=1, description="Format aligned: glob of the target files, matched to the source's in order."
    )
    splits: dict[str, int] = Field(
        min_length=1,
        description=(
            "Names of splits with their weights. One name takes all; several share the pairs by a stable hash of the"
            " source text, so that all pairs of one source fall on one side."
        ),
    )
    further_references: bool = Field(
        False, description="Formats tsv and csv: columns after the last named one are further references of the row."
    )

    @pydantic.field_validator("splits")
    @classmethod
    def _weights_are_positive(cls, splits: dict[str, int]) -> dict[str, int]:
        for name, weight in splits.items():
            if not name.isidentifier():
                raise ValueError(f"split name {name!r} is not allowed: use letters, digits and underscores")
            if weight < 1:
                raise ValueError(f"weight of split {name!r} is {weight}: allowed are whole numbers from 1")
        return splits


class DataConfig(Section):
    """Where the pairs of text are, and how they are read."""

    format: Literal["tsv", "csv", "jsonl", "aligned", "tfrecord"] = Field(
        "tsv", description="Format of the files; each may also be gzipped (.gz)."
    )
    base: str = Field(min_length=1, description="Folder of the files, absolute or relative to the working directory.")
    inputs: list[InputConfig] = Field(min_length=1, description="The files, and the splits that they go to.")
    header: bool = Field(False, description="Formats tsv and csv: the first line names the columns.")
    columns: list[str] = Field(
        ["source", "target"], min_length=2, description="Formats tsv and csv without header: names of the columns."
    )
    source: str = Field("source", description="Column, JSON key or feature that holds the source text.")
    target: str = Field(
        "target",
        description="Column, JSON key or feature that holds the target text; in jsonl and tfrecord it may be a list.",
    )
    slice_keys: list[str] = Field([], description="Further columns to keep, by which metrics can be sliced.")
    on_bad_row: Literal["fail", "skip"] = Field(
        "fail", description="A missing column, an empty side, invalid UTF-8 or a NUL: stop, or skip and count."
    )
    max_bad_fraction: float = Field(
        0.01, ge=0.0, le=1.0, description="With on_bad_row skip: stop all the same above this share of bad rows."
    )
    group_references: bool = Field(
        True, description="Rows of one source in a split other than train become one example with several references."
    )

    @pydantic.model_validator(mode="after")
    def _settings_agree(self) -> "DataConfig":
        if self.source == self.target:
            raise ValueError(f"source and target are both {self.source!r}: they must differ")
        if self.format in ("tsv", "csv") and not self.header:
            for key in (self.source, self.target, *self.slice_keys):
                if key not in self.columns:
                    raise ValueError(f"column {key!r} is not among columns {self.columns}")
        for index, item in enumerate(self.inputs):
            if (item.target_pattern is not None) != (self.format == "aligned"):
                raise ValueError(f"inputs.{index}.target_pattern goes with format aligned, and with no other")
            if item.further_references and self.format not in ("tsv", "csv"):
                raise ValueError(f"inputs.{index}.further_references goes with formats tsv and csv")
        reserved = {"source", "target", "references"} & set(self.slice_keys)
        if reserved:
            raise ValueError(f"slice_keys {sorted(reserved)} are names of this pipeline's own features")
        if self.format == "aligned" and self.slice_keys:
            raise ValueError("slice_keys cannot be read from format aligned, which has no further columns")
        missing = {"train", "eval"} - self.split_names()
        if missing:
            raise ValueError(f"no input goes to split {', '.join(sorted(missing))}: train and eval are needed")
        return self

    def split_names(self) -> set[str]:
        """Names of all splits that the inputs feed."""
        return {name for item in self.inputs for name in item.splits}


class ThresholdConfig(Section):
    """What a metric must reach for the model to be blessed."""

    metric: MetricName = Field(description="Name of the metric, on the whole evaluation split.")
    at_least: float | None = Field(None, description="Lowest value that passes.")
    at_most: float | None = Field(None, description="Highest value that passes.")
    max_regression: float | None = Field(
        None,
        description="How much worse than the latest blessed model it may be; negative: how much better it must be.",
    )

    @pydantic.model_validator(mode="after")
    def _asks_something(self) -> "ThresholdConfig":
        if self.at_least is None and self.at_most is None and self.max_regression is None:
            raise ValueError("one of at_least, at_most and max_regression is needed")
        return self


class EvaluationConfig(Section):
    """What is measured before a model may be pushed."""

    split: str = Field("eval", description="Split that is decoded and measured.")
    metrics: list[MetricName] = Field(
        ["exact_match", "bleu", "chrf", "word_error_rate", "token_error_rate", "loss_per_token"],
        min_length=1,
        description="Metrics to compute.",
    )
    slice_by: list[str] = Field([], description="Slice keys of the data to slice the metrics by, one at a time.")
    length_buckets: list[int] = Field(
        [10, 20, 40, 80], description="Upper bounds of source-length buckets, in characters, to slice by; empty: none."
    )
    thresholds: list[ThresholdConfig] = Field(
        min_length=1, description="What the model must reach to be blessed, and with that pushed."
    )

    @pydantic.model_validator(mode="after")
    def _thresholds_are_measured(self) -> "EvaluationConfig":
        for index, threshold in enumerate(self.thresholds):
            if threshold.metric not in self.metrics:
                raise ValueError(f"thresholds.{index}.metric {threshold.metric!r} is not among metrics {self.metrics}")
        if any(bound < 1 for bound in self.length_buckets):
            raise ValueError(f"length_buckets {self.length_buckets}: allowed are whole numbers from 1")
        if sorted(set(self.length_buckets)) != self.length_buckets:
            raise ValueError(f"length_buckets {self.length_buckets} must rise")
        return self


class ServingConfig(Section):
    """Where a blessed model goes, and under which name it is served."""

    model_name: str = Field("seq2seq", pattern=r"^[A-Za-z0-9_.-]+$", description="Name of the model for clients.")
    push_to: str | None = Field(
        None, min_length=1, description="Folder of the numbered versions; none: WORKSPACE/NAME/served/MODEL_NAME."
    )
