"""Settings of the data: its files, their format, and the splits that they go to."""

import datetime
from typing import Any, Literal

import pydantic
from pydantic import Field

from components.config.span_pattern import check_placeholders, days_since_1970
from components.data_checks.config import DriftConfig, QualityConfig
from transform.config import Section
from transform.features import EXAMPLE_WEIGHT, REFERENCES, SOURCE, TARGET

# The split that is learned from.
TRAIN_SPLIT = "train"


class InputConfig(Section):
    """Files of pairs, and the split or splits that they go to."""

    pattern: str = Field(
        min_length=1,
        description=(
            "Glob below data.base; {SPAN} stands for the number of a span, or {YYYY}, {MM} and {DD} for its date, and"
            " {VERSION} for its version. The newest spans are read, as many as window says, each in its newest version,"
            " and must be there for all patterns that have such placeholders."
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
    def _placeholders_tell_a_span(cls, pattern: str | None) -> str | None:
        check_placeholders(pattern or "")
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
        None,
        ge=0,
        description=(
            "Number of the span that is taken for the newest one, or its date, as 2024-01-31, which is the number of"
            " days since 1970-01-01; none: the newest."
        ),
    )
    analyzer_cache: bool = Field(
        False,
        description=(
            "Keep what Transform counts in each span of the training split, so that a window that moves on has only its"
            " new spans counted. Files of a pattern without a span are taken together for one."
        ),
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

    @pydantic.field_validator("span", mode="before")
    @classmethod
    def _date_is_a_number(cls, span: Any) -> Any:
        if isinstance(span, str) and not span.isdecimal():
            try:
                span = datetime.date.fromisoformat(span)
            except ValueError as error:
                raise ValueError("wanted a whole number from 0 on, or a date, as 2024-01-31") from error
        return days_since_1970(span) if isinstance(span, datetime.date) else span

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

    def in_parts(self, split: str) -> bool:
        """Whether the examples of a split are kept apart by the span and the pattern that they came of."""
        return self.analyzer_cache and split == TRAIN_SPLIT
