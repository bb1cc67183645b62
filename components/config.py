"""Settings of data ingestion, evaluation and the push."""

import re
from typing import Literal

import pydantic
from pydantic import Field

from components.data_checks.config import DriftConfig, QualityConfig
from components.metrics.calibration_config import CalibrationConfig
from trainer.metrics.names import MetricName
from transform.config import Section
from transform.features import EXAMPLE_WEIGHT, REFERENCES, SOURCE, TARGET

# The split that is learned from.
TRAIN_SPLIT = "train"

# In patterns: the number of a span of data, perhaps with a fixed number of digits.
SPAN = re.compile(r"\{SPAN(:(?P<width>[1-9]))?\}")
_PLACEHOLDER = re.compile(r"\{(SPAN|VERSION|YYYY|MM|DD)\b[^{}]*\}")


class InputConfig(Section):
    """Files of pairs, and the split or splits that they go to."""

    pattern: str = Field(
        min_length=1,
        description=(
            "Glob below data.base; {SPAN} stands for the number of a span. The newest are read, as many as window says,"
            " and must be there for all patterns that have {SPAN}."
        ),
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
    window: int | None = Field(
        None, ge=1, description="How many of the newest spans this pattern is read of; none: data.window."
    )
    further_references: bool = Field(
        False,
        description=(
            "Formats tsv and csv: columns after the last named one (with header: after the last of source, target,"
            " weight and slice_keys) are further references of the row; empty ones are left out."
        ),
    )

    @pydantic.field_validator("pattern", "target_pattern")
    @classmethod
    def _placeholders_are_known(cls, pattern: str | None) -> str | None:
        spans = len(SPAN.findall(pattern or ""))
        unknown = _PLACEHOLDER.search(SPAN.sub("", pattern or ""))
        if unknown:
            raise ValueError(f"{unknown[0]} is not allowed: use {{SPAN}}, or {{SPAN:2}} for a span of two digits")
        if spans > 1:
            raise ValueError(f"{{SPAN}} is there {spans} times: once is allowed")
        return pattern

    @pydantic.field_validator("splits")
    @classmethod
    def _weights_are_positive(cls, splits: dict[str, int]) -> dict[str, int]:
        for name, weight in splits.items():
            if not name.isidentifier():
                raise ValueError(f"split name {name!r} is not allowed: use letters, digits and underscores")
            if weight < 1:
                raise ValueError(f"weight of split {name!r} is {weight}: allowed are whole numbers from 1")
        return splits

    def patterns(self) -> list[str]:
        """The pattern of sources, and that of targets if they have one of their own."""
        return [self.pattern, *([] if self.target_pattern is None else [self.target_pattern])]


class DataConfig(Section):
    """Where the pairs of text are, and how they are read."""

    format: Literal["tsv", "csv", "jsonl", "aligned", "tfrecord"] = Field(
        "tsv", description="Format of the files; each may also be gzipped (.gz)."
    )
    base: str = Field(min_length=1, description="Folder of the files, absolute or relative to the working directory.")
    inputs: list[InputConfig] = Field(min_length=1, description="The files, and the splits that they go to.")
    window: int = Field(1, ge=1, description="How many of the newest spans are read, as many as there are at the most.")
    span: int | None = Field(
        None, ge=0, description="Number of the span that is taken for the newest one; none: the newest."
    )
    header: bool = Field(False, description="Formats tsv and csv: the first line names the columns.")
    columns: list[str] = Field(
        ["source", "target"], min_length=2, description="Formats tsv and csv without header: names of the columns."
    )
    source: str = Field("source", description="Column, JSON key or feature that holds the source text.")
    target: str = Field(
        "target",
        description="Column, JSON key or feature that holds the target text; in jsonl and tfrecord it may be a list.",
    )
    weight: str | None = Field(
        None,
        min_length=1,
        description=(
            "Column, JSON key or feature that holds how much the pair counts in training, a number from 0 on; none: all"
            " count 1."
        ),
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
    schema_file: str | None = Field(
        None,
        min_length=1,
        description=(
            "File of the reviewed schema, as `seq2seq schema infer` writes it, absolute or relative to the working"
            " directory; none: each run infers what the training split has."
        ),
    )
    quality: QualityConfig = Field(QualityConfig(), description=QualityConfig.__doc__)
    drift: DriftConfig = Field(DriftConfig(), description=DriftConfig.__doc__)

    @pydantic.model_validator(mode="after")
    def _settings_agree(self) -> "DataConfig":
        if self.source == self.target:
            raise ValueError(f"source and target are both {self.source!r}: they must differ")
        if self.weight in (self.source, self.target):
            raise ValueError(f"weight is {self.weight!r}, which is the column of a text")
        if self.format in ("tsv", "csv") and not self.header:
            for key in self.named_columns():
                if key not in self.columns:
                    raise ValueError(f"column {key!r} is not among columns {self.columns}")
        for index, item in enumerate(self.inputs):
            if (item.target_pattern is not None) != (self.format == "aligned"):
                raise ValueError(f"inputs.{index}.target_pattern goes with format aligned, and with no other")
            if item.further_references and self.format not in ("tsv", "csv"):
                raise ValueError(f"inputs.{index}.further_references goes with formats tsv and csv")
        reserved = {SOURCE, TARGET, REFERENCES, EXAMPLE_WEIGHT} & set(self.slice_keys)
        if reserved:
            raise ValueError(f"slice_keys {sorted(reserved)} are names of this pipeline's own features")
        for key in ("weight", "slice_keys"):
            if self.format == "aligned" and getattr(self, key):
                raise ValueError(f"{key} cannot be read from format aligned, which has no further columns")
        self._check_columns()
        self._check_shared_splits()
        missing = {TRAIN_SPLIT, "eval"}.difference(self.split_names())
        if missing:
            raise ValueError(f"no input goes to split {', '.join(sorted(missing))}: train and eval are needed")
        return self

    def _check_columns(self) -> None:
        for key in ("columns", "slice_keys"):
            names = getattr(self, key)
            if len(set(names)) < len(names):
                raise ValueError(f"{key} {names} has a name more than once")
        if self.format not in ("tsv", "csv") and self.header:
            raise ValueError("header goes with formats tsv and csv")
        if self.header and self.columns != ["source", "target"]:
            raise ValueError(f"header is true, so the files name their columns, but columns are {self.columns}")

    def _check_shared_splits(self) -> None:
        shared = [(index, item.splits) for index, item in enumerate(self.inputs) if len(item.splits) > 1]
        for index, splits in shared:
            first, expected = shared[0]
            if splits != expected:
                raise ValueError(
                    f"inputs.{index}.splits {splits} differ from inputs.{first}.splits {expected}: where several inputs"
                    " share their pairs among splits, names and weights must be equal, or the pairs of one source"
                    " could fall on both sides"
                )

    def named_columns(self) -> list[str]:
        """The columns, JSON keys or features to read: source, target, slice keys, and the weight if there is one."""
        return [self.source, self.target, *self.slice_keys, *([] if self.weight is None else [self.weight])]

    def patterns(self) -> list[str]:
        """All patterns, by input; that of targets comes after that of sources."""
        return [pattern for entry in self.inputs for pattern in entry.patterns()]

    def windows(self) -> list[int]:
        """How many spans each of `patterns` is read of."""
        return [entry.window or self.window for entry in self.inputs for _ in entry.patterns()]

    def split_names(self) -> list[str]:
        """Names of all splits that the inputs feed, in the order in which they appear."""
        return list(dict.fromkeys(name for item in self.inputs for name in item.splits))

    def groups_references(self, split: str) -> bool:
        """Whether the rows of one source become one example in a split."""
        return self.group_references and split != TRAIN_SPLIT


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


class ValidationConfig(Section):
    """How a model is tried out on a server before it is pushed."""

    runner: Literal["process", "docker", "kubernetes", "none"] = Field(
        "process",
        description=(
            "Where the server runs. process: tensorflow_model_server if it is on the PATH, else the local model server."
            " docker, kubernetes: a container of serving.validation.image. none: models are pushed without a trial."
        ),
    )
    image: str = Field(
        "tensorflow/serving:2.16.1",
        pattern=r"^[^\s@]+:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$",
        description="Image and tag for the runners docker and kubernetes.",
    )
    examples: int = Field(
        48,
        ge=1,
        le=1000,
        description=(
            "Examples of evaluation.split that every signature is asked for. A few of them become warm-up requests:"
            " their texts then lie in the pushed model."
        ),
    )
    max_start_seconds: int = Field(
        180, ge=1, le=86_400, description="Longest time until the server has loaded the model."
    )


class ServingConfig(Section):
    """Where a blessed model goes, and under which name it is served."""

    model_name: str = Field("seq2seq", pattern=r"^[A-Za-z0-9_.-]+$", description="Name of the model for clients.")
    push_to: str | None = Field(
        None, min_length=1, description="Folder of the numbered versions; none: WORKSPACE/NAME/served/MODEL_NAME."
    )
    validation: ValidationConfig = Field(ValidationConfig(), description=ValidationConfig.__doc__)
