"""`seq2seq compare`: what differs between two runs."""

import dataclasses
import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from components.tables import Table
from pipeline.cli.drawing import drawn
from pipeline.cli.lineage import read_task_graph
from pipeline.cli.options import ConfigPath, Overrides
from pipeline.cli.quiet import quiet_libraries
from pipeline.cli.refusal import refused
from pipeline.config_file import load_config

if TYPE_CHECKING:
    from pipeline.comparison import Comparison, Difference
    from pipeline.history import Run

_TOLD = 10


def compare(
    config: ConfigPath,
    first: Annotated[str, typer.Argument(metavar="RUN_A", help="Id of a run, last, previous, or a pushed version.")],
    second: Annotated[str, typer.Argument(metavar="RUN_B", help="The same.")],
    overrides: Overrides,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show what differs between two runs: configuration, data, metrics with how sure they are, and outcome.

    `last` is the last run that was evaluated, and `previous` the one before. Exits with 2 where there is no such run.
    """
    settings = load_config(config, overrides)
    with quiet_libraries():
        from pipeline.comparison import compare_runs
        from pipeline.history import read_runs
    # TFMA reads evaluations in a way that TensorFlow calls deprecated.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    runs = read_runs(settings)
    with refused(ValueError, OSError):
        pair = [_find(runs, name) for name in (first, second)]
        comparison = compare_runs(read_task_graph(settings), *pair)
    if as_json:
        told = {"runs": [run.run_id for run in pair], **dataclasses.asdict(comparison)}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    console = Console(highlight=False)
    for table in _tables(comparison, [run.run_id for run in pair]):
        console.print(drawn(table))
    if comparison.metrics and not comparison.paired:
        console.print("Not both runs have kept the same examples: there is no p-value of the differences.")


def _find(runs: Sequence["Run"], name: str) -> "Run":
    evaluated = [run for run in runs if run.evaluation_uri]
    if name in ("last", "previous"):
        place = ("last", "previous").index(name) + 1
        if len(evaluated) < place:
            raise ValueError(f"there is no {name} run: {len(evaluated)} have been evaluated")
        return evaluated[-place]
    found = [run for run in runs if run.run_id == name]
    # What takes a push from the cache has it as well: the first one made it.
    found = found or [run for run in evaluated if run.pushed_version == name]
    if not found:
        told = ", ".join(run.run_id for run in evaluated[-_TOLD:]) or "none"
        raise ValueError(f"there is no run {name}, and no such pushed version; the last runs: {told}")
    return found[0]


def _tables(comparison: "Comparison", names: Sequence[str]) -> list[Table]:
    tables = [
        _table("Configuration", comparison.config, names),
        _table("Data", comparison.data, names),
        _metrics_table(comparison, names),
        _table("Outcome", comparison.outcome, names),
    ]
    return [table for table in tables if table.rows]


def _table(title: str, differences: Sequence["Difference"], names: Sequence[str]) -> Table:
    rows = [[each.what, _told(each.first), _told(each.second)] for each in differences]
    return Table(title, ["", *names], rows)


def _metrics_table(comparison: "Comparison", names: Sequence[str]) -> Table:
    rows = [
        [
            each.slice_name,
            each.metric,
            _figure(each.first, each.first_interval),
            _figure(each.second, each.second_interval),
            f"{each.difference:+.4g}",
            "" if each.p_value is None else f"{each.p_value:.3g}",
        ]
        for each in comparison.metrics
    ]
    return Table("Metrics, with 95 % intervals", ["slice", "metric", *names, "difference", "p"], rows)


def _figure(value: float, interval: tuple[float, float] | None) -> str:
    return f"{value:.4g}" + (f" ({interval[0]:.4g} to {interval[1]:.4g})" if interval else "")


def _told(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
