"""Limits on duplicates, leakage between splits, and pairs of suspicious lengths."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from components.config.data import TRAIN_SPLIT
from components.data_checks.anomaly import Anomaly, percent, quoted
from components.data_checks.config import QualityConfig
from components.data_profile.profile import Finding, Profile
from components.tables import Table


class Measured(NamedTuple):
    """Suspicious pairs of a split, with their limit; `key` is that of the configuration, and None where there is none.

    A source that a split shares with the training split is no fault of that one, so it has no limit for it.
    """

    split: str
    subject: str
    finding: Finding
    share: float
    key: str | None
    limit: float | None


def measure_quality(profile: Profile, config: QualityConfig) -> list[Measured]:
    """All kinds of suspicious pairs, of every split that has some."""
    return [measured for measured in _all(profile, config) if measured.finding.count]


def quality_anomalies(measured: Sequence[Measured]) -> list[Anomaly]:
    """Those above their limits."""
    return [
        Anomaly(
            split=each.split,
            subject=each.subject,
            problem=(
                f"{each.finding.count:,} examples, {percent(each.share)}; data.quality.{each.key} allows"
                f" {percent(each.limit)}"
            ),
            examples=each.finding.examples,
        )
        for each in measured
        if each.limit is not None and each.share > each.limit
    ]


def quality_table(measured: Sequence[Measured]) -> Table:
    """What was found, a row each."""
    return Table(
        "Suspicious pairs",
        ("split", "what", "examples", "share", "allowed", "such as"),
        [
            (
                each.split,
                each.subject,
                f"{each.finding.count:,}",
                percent(each.share),
                "" if each.limit is None else percent(each.limit),
                quoted(each.finding.examples[:2]),
            )
            for each in measured
        ],
    )


def _all(profile: Profile, config: QualityConfig) -> Iterator[Measured]:
    for name, split in profile.splits.items():

        def measured(subject: str, finding: Finding, key: str | None, split=split, name=name) -> Measured:
            limit = getattr(config, key) if key else None
            return Measured(name, subject, finding, finding.count / split.examples, key, limit)

        yield measured("identical pairs", split.identical_pairs, "max_identical_pairs")
        for other, finding in split.shared_sources.items():
            key = None if name == TRAIN_SPLIT else "max_shared_sources"
            yield measured(f"sources that stand in {other} too", finding, key)
        yield measured("near-empty pairs", split.near_empty, "max_near_empty")
        yield measured("extreme length ratio", split.extreme_length_ratio, "max_extreme_length_ratio")
