"""Growth: what a pair costs in each component up to Transform, and what a prediction costs in the Evaluator.

    python -m benchmarks.scale --pairs 100000 --pairs 1000000 --workers 1 --workers 2
    python -m benchmarks.scale --predictions 100000 --predictions 1000000

prints Markdown tables with a row for each component: for each count the time per pair, on the wall's clock and of the
processors, which a busy machine shifts less, the highest resident memory, and the bytes written per pair. Pairs are
made up: words of letters, no two alike, and their letters as tokens. Predictions are those of a model that gives its
input back, so that the time is the Evaluator's own. Each count is a run of the pipeline in a process of its own, on
Beam's direct runner, of which two workers are two processes.
"""

import dataclasses
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a component cost.

    Attributes:
        node: The component.
        seconds: By the clock on the wall.
        processor_seconds: Of all its processes.
        peak_memory: Most resident memory of all its processes, in bytes.
        written: Bytes of its output.
    """

    node: str
    seconds: float
    processor_seconds: float
    peak_memory: int
    written: int


def main(
    pairs: Annotated[list[int] | None, typer.Option(help="Pairs to take up to Transform; may come again.")] = None,
    predictions: Annotated[list[int] | None, typer.Option(help="Predictions to evaluate; may come again.")] = None,
    workers: Annotated[list[int] | None, typer.Option(help="Workers of Beam's direct runner; may come again.")] = None,
) -> None:
    """Measures, and prints tables."""
    if not pairs and not predictions:
        raise typer.BadParameter("nothing to measure: give --pairs, --predictions, or both")
    for what, counts in (("pairs", pairs), ("predictions", predictions)):
        for processes in workers or [1]:
            if counts:
                costs = {count: _costs(what, count, processes) for count in sorted(counts)}
                sys.stdout.write(f"\n{what}, workers: {processes}\n\n{_table(costs)}")
                sys.stdout.flush()


def _costs(what: str, count: int, workers: int) -> dict[str, Cost]:
    with tempfile.TemporaryDirectory() as folder:
        arguments = json.dumps({"what": what, "count": count, "workers": workers, "folder": folder})
        with (Path(folder) / "errors").open("w+") as errors:
            ran = subprocess.run(
                [sys.executable, "-W", "ignore", "-m", "benchmarks.scale_run", arguments],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
            errors.seek(0)
            if ran.returncode:
                raise RuntimeError(f"{count:,} {what}, {workers} workers:\n{errors.read()[-4000:]}")
    return {cost["node"]: Cost(**cost) for cost in json.loads(ran.stdout.splitlines()[-1])}


def _table(costs: dict[int, dict[str, Cost]]) -> str:
    columns = {
        "µs each": lambda cost, count: f"{1e6 * cost.seconds / count:,.1f}",
        "µs of processors each": lambda cost, count: f"{1e6 * cost.processor_seconds / count:,.1f}",
        "peak, MB": lambda cost, _: f"{cost.peak_memory / 2**20:,.0f}",
        "bytes each": lambda cost, count: f"{cost.written / count:,.1f}",
    }
    titles = [f"{title}, {count:,}" for title in columns for count in costs]
    rows = [["component", *titles], ["---"] * (len(titles) + 1)]
    costs = {count: {**of_count, "all": _all(list(of_count.values()))} for count, of_count in costs.items()}
    for node in next(iter(costs.values())):
        each = [(count, of_count[node]) for count, of_count in costs.items()]
        rows.append([node, *(show(cost, count) for show in columns.values() for count, cost in each)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _all(costs: list[Cost]) -> Cost:
    """What components that run one after another cost together."""
    return Cost(
        "all",
        sum(cost.seconds for cost in costs),
        sum(cost.processor_seconds for cost in costs),
        max(cost.peak_memory for cost in costs),
        sum(cost.written for cost in costs),
    )


if __name__ == "__main__":
    typer.run(main)
