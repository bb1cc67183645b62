"""Two runs of a task side by side: configuration, data, metrics, outcome."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tensorflow_model_analysis.proto import config_pb2
from tfx.utils import proto_utils

from components.data_profile.files import read_profile
from components.data_profile.profile import SideProfile, SplitProfile
from components.metrics.confidence import Sureness
from components.metrics.decoded import recorded_metrics, recorded_slicings
from components.metrics.example_rows import read_examples
from components.metrics.paired import paired_confidence
from components.verdict import Verdict, read_verdict
from pipeline.history import Run
from pipeline.lineage.graph import Artifact, Graph, Step
from pipeline.lineage.settings import recorded_config
from pipeline.lineage.trace import data_files
from trainer.metrics.catalog import create_statistic


@dataclasses.dataclass(frozen=True)
class Difference:
    """A thing that two runs have not in common; None where a run does not have it."""

    what: str
    first: Any
    second: Any


@dataclasses.dataclass(frozen=True)
class MetricDifference:
    """A metric of a slice in two runs.

    Attributes:
      slice_name, metric: what it is.
      first, second: the figures.
      first_interval, second_interval: where 95 % of them lie when examples are resampled; None of a small slice.
      p_value: of the paired bootstrap; None where not both have kept the same examples, or there is no difference.
    """

    slice_name: str
    metric: str
    first: float
    second: float
    first_interval: tuple[float, float] | None
    second_interval: tuple[float, float] | None
    p_value: float | None

    @property
    def difference(self) -> float:
        """The second figure less the first one."""
        return self.second - self.first


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What differs between two runs; `paired` tells whether both have kept the same examples."""

    config: list[Difference]
    data: list[Difference]
    metrics: list[MetricDifference]
    outcome: list[Difference]
    paired: bool


def compare_runs(graph: Graph, first: Run, second: Run) -> Comparison:
    """Compares two runs; of what a run did not get to, there is nothing.

    Raises:
      FileNotFoundError: files of a run have been deleted.
    """
    for run in (first, second):
        for folder in (run.profile_uri, run.evaluation_uri):
            if folder and not Path(folder).exists():
                raise FileNotFoundError(f"run {run.run_id} cannot be compared: {folder} is gone")
    steps = [graph.of_run(run.run_id) for run in (first, second)]
    verdicts = [
        read_verdict(run.evaluation_uri, run.blessing_uri) if run.evaluation_uri else None for run in (first, second)
    ]
    metrics, paired = _metrics(first, second, steps, verdicts) if all(verdicts) else ([], False)
    return Comparison(
        config=_differences(*(recorded_config(each) for each in steps)),
        data=_differences(
            *(_data(graph, each, run) for each, run in zip(steps, (first, second), strict=True)),
        ),
        metrics=metrics,
        outcome=_differences(_outcome(first, verdicts[0]), _outcome(second, verdicts[1]), all_of_them=True),
        paired=paired,
    )


def _differences(first: dict[str, Any], second: dict[str, Any], all_of_them: bool = False) -> list[Difference]:
    return [
        Difference(key, first.get(key), second.get(key))
        for key in dict.fromkeys([*first, *second])
        if all_of_them or first.get(key) != second.get(key)
    ]


def _data(graph: Graph, steps: list[Step], run: Run) -> dict[str, Any]:
    examples = _examples(graph, steps)
    described: dict[str, Any] = {}
    if examples:
        described["span"] = examples.properties.get("span")
        described["version of the span"] = examples.properties.get("version")
        described["splits"] = examples.properties.get("split_names")
        for file in data_files(examples):
            described[f"file {file.path}"] = f"{file.bytes:,} bytes of {file.changed:%Y-%m-%d %H:%M:%S}"
    if run.profile_uri:
        for name, split in read_profile(run.profile_uri).splits.items():
            described.update({f"{name}: {what}": value for what, value in _split(split)})
    return described


def _examples(graph: Graph, steps: list[Step]) -> Artifact | None:
    ids = [each for step in steps for each in step.outputs.get("examples", ()) if step.node == "ParallelTextExampleGen"]
    return graph.artifacts[ids[0]] if ids else None


def _split(split: SplitProfile) -> Iterator[tuple[str, Any]]:
    yield "examples", split.examples
    for side, profile in split.sides.items():
        yield f"mean tokens of {side}", _mean(profile)
        yield f"distinct tokens of {side}", profile.tokens.distinct
        yield f"unknown share of {side}", round(profile.tokens.unknown_share, 6)
    for key, counts in split.slices.items():
        for value, count in counts.most_common:
            yield f"{key} {value}", count
    yield "near-empty pairs", split.near_empty.count
    yield "extreme length ratio", split.extreme_length_ratio.count
    yield "identical pairs", split.identical_pairs.count
    for other, finding in split.shared_sources.items():
        yield f"sources that stand in {other} too", finding.count


def _mean(side: SideProfile) -> float:
    texts = sum(side.lengths.values())
    return round(sum(length * count for length, count in side.lengths.items()) / texts, 4) if texts else 0.0


def _outcome(run: Run, verdict: Verdict | None) -> dict[str, Any]:
    return {
        "state": run.state,
        "blessed": run.blessed,
        "blessed on the server": run.infra_blessed,
        "failed thresholds": "; ".join(verdict.failures) if verdict else None,
        "pushed version": run.pushed_version,
    }


def _metrics(
    first: Run, second: Run, steps: list[list[Step]], verdicts: list[Verdict]
) -> tuple[list[MetricDifference], bool]:
    sure = _paired(first, second, steps)
    before, after = verdicts
    rows = []
    for slice_name, figures in after.metrics.items():
        for metric, figure in figures.items():
            if metric not in before.metrics.get(slice_name, {}):
                continue
            known = before.metrics[slice_name][metric]
            certainty = (sure or {}).get(slice_name, {}).get(metric)
            rows.append(
                MetricDifference(
                    slice_name,
                    metric,
                    first=known,
                    second=figure,
                    first_interval=_interval(before.sureness.get(slice_name, {}).get(metric)),
                    second_interval=_interval(after.sureness.get(slice_name, {}).get(metric)),
                    p_value=certainty.p_value if certainty and figure != known else None,
                )
            )
    return rows, sure is not None


def _interval(sureness: Sureness | None) -> tuple[float, float] | None:
    return (sureness.low, sureness.high) if sureness else None


def _paired(first: Run, second: Run, steps: list[list[Step]]) -> dict[str, dict[str, Sureness]] | None:
    """How sure the differences are, where both runs have measured the same examples in the same way."""
    configs = [_eval_config(each) for each in steps]
    known, metrics = ({metric["name"]: metric for metric in recorded_metrics(config)} for config in configs)
    same = {name: metric for name, metric in metrics.items() if _comparable(metric) == _comparable(known.get(name, {}))}
    try:
        examples = [read_examples(run.evaluation_uri) for run in (second, first)]
    except FileNotFoundError:
        return None
    statistics = {name: create_statistic(name, metric["target"]["unit"]) for name, metric in same.items()}
    confidence = paired_confidence(*examples, statistics, recorded_slicings(configs[1]))
    return confidence.metrics if confidence else None


def _eval_config(steps: list[Step]) -> config_pb2.EvalConfig:
    [step] = [step for step in steps if step.node == "Evaluator"]
    return proto_utils.json_to_proto(step.settings["eval_config"], config_pb2.EvalConfig())


def _comparable(metric: dict[str, Any]) -> tuple[Any, Any]:
    return metric.get("target"), metric.get("signature")
