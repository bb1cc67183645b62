"""The data of a run as a report shows it: splits beside each other, lengths as curves, and drift."""

import dataclasses

from components.config.data import TRAIN_SPLIT
from components.data_checks.anomaly import percent
from components.data_checks.drift import Distance
from components.data_profile.profile import Finding, Profile, SideProfile, SplitProfile
from components.report.charts import Chart, line_chart

# Lengths are summed up in so many steps at the most.
_MOST_STEPS = 40


@dataclasses.dataclass(frozen=True)
class DataSection:
    """What there is to show.

    Attributes:
      splits: names of the splits, the training split first.
      rows: what is counted, and its value in each split.
      findings: a few examples of suspicious pairs: what they are, and their beginnings.
      charts: of lengths, a chart for each side.
      distances: from the data that passed last; empty where there was none.
    """

    splits: list[str]
    rows: list[tuple[str, list[str]]]
    findings: list[tuple[str, list[str]]]
    charts: list[Chart]
    distances: list[Distance]


def data_section(profile: Profile, distances: list[Distance]) -> DataSection:
    """Describes the data.

    Args:
      profile: of all splits.
      distances: from the data that passed last.
    """
    names = sorted(profile.splits, key=lambda name: name != TRAIN_SPLIT)
    splits = [profile.splits[name] for name in names]
    return DataSection(
        splits=names,
        rows=[(what, [value(split) for split in splits]) for what, value in _measures(splits[0]).items()],
        findings=[
            (f"{what} in {name}", finding.examples)
            for name, split in zip(names, splits, strict=True)
            for what, finding in _findings(split).items()
            if finding.count
        ],
        charts=[_lengths(side, dict(zip(names, splits, strict=True))) for side in splits[0].sides],
        distances=distances,
    )


def _measures(first: SplitProfile) -> dict:
    measures = {"examples": lambda split: f"{split.examples:,}"}
    for side in first.sides:
        measures |= {
            f"{side} tokens, mean": lambda split, side=side: f"{_mean_length(split.sides[side]):.1f}",
            f"{side} tokens, most": lambda split, side=side: f"{max(split.sides[side].lengths, default=0):,}",
            f"{side}, different tokens": lambda split, side=side: f"{split.sides[side].tokens.distinct:,}",
            f"{side}, unknown tokens": lambda split, side=side: percent(split.sides[side].tokens.unknown_share),
        }
    for key in first.slices:
        measures[f"{key}, different values"] = lambda split, key=key: (
            f"{split.slices[key].distinct:,}" if key in split.slices else ""
        )
    for what in ("identical pairs", "near-empty pairs", "extreme length ratio"):
        measures[what] = lambda split, what=what: _share(_findings(split)[what].count, split.examples)
    measures["sources that stand in other splits too"] = lambda split: (
        ", ".join(f"{other}: {_share(found.count, split.examples)}" for other, found in split.shared_sources.items())
        or "none"
    )
    return measures


def _findings(split: SplitProfile) -> dict[str, Finding]:
    return {
        "identical pairs": split.identical_pairs,
        "near-empty pairs": split.near_empty,
        "extreme length ratio": split.extreme_length_ratio,
        **{f"sources that stand in {other} too": found for other, found in split.shared_sources.items()},
    }


def _share(count: int, of: int) -> str:
    return f"{count:,} ({percent(count / of)})" if count else "none"


def _mean_length(side: SideProfile) -> float:
    return sum(length * count for length, count in side.lengths.items()) / max(1, sum(side.lengths.values()))


def _lengths(side: str, splits: dict[str, SplitProfile]) -> Chart:
    most = max(length for split in splits.values() for length in split.sides[side].lengths)
    step = -(-(most + 1) // _MOST_STEPS)
    lines = {}
    for name, split in splits.items():
        counts = split.sides[side].lengths
        total = sum(counts.values())
        lines[name] = [
            (start, 100 * sum(counts.get(length, 0) for length in range(start, start + step)) / total)
            for start in range(0, most + 1, step)
        ]
    words = "tokens of a text" if step == 1 else f"tokens of a text, in steps of {step}"
    return line_chart(f"Lengths of {side} texts", words, "% of the texts", lines)
