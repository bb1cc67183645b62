"""Growth: what a pair costs in each component up to Transform, and what a prediction costs in the Evaluator.

    python -m benchmarks.scale --pairs 100000 --pairs 1000000 --workers 1 --workers 2
    python -m benchmarks.scale --predictions 100000 --predictions 1000000

prints Markdown tables with a row for each component: for each count the time per pair, the highest resident memory, and
the bytes written per pair. Pairs are made up: words of letters, no two alike, and their letters as tokens. Predictions
are those of a model that gives its input back, so that the time is the Evaluator's own. Each count is a run of the
pipeline in a process of its own, on Beam's direct runner, of which two workers are two processes.
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
    """What a component cost: seconds, the most resident memory of all its processes in bytes, and bytes written."""

    node: str
    seconds: float
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
    titles = [f"{column}, {count:,}" for column in ("µs each", "peak, MB", "bytes each") for count in costs]
    rows = [["component", *titles], ["---"] * (len(titles) + 1)]
    for node in next(iter(costs.values())):
        each = [(count, of_count[node]) for count, of_count in costs.items()]
        rows.append(
            [
                node,
                *(f"{1e6 * cost.seconds / count:,.1f}" for count, cost in each),
                *(f"{cost.peak_memory / 2**20:,.0f}" for _, cost in each),
                *(f"{cost.written / count:,.1f}" for count, cost in each),
            ]
        )
    totals = [f"{sum(1e6 * cost.seconds for cost in of.values()) / count:,.1f}" for count, of in costs.items()]
    highest = [f"{max(cost.peak_memory for cost in of.values()) / 2**20:,.0f}" for of in costs.values()]
    written = [f"{sum(cost.written for cost in of.values()) / count:,.1f}" for count, of in costs.items()]
    rows.append(["all", *totals, *highest, *written])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    typer.run(main)
