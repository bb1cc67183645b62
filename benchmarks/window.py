"""A window of spans that moves on by one: what Transform costs with what it kept of the old spans, and without.

    python -m benchmarks.window --pairs 100000 --spans 4 --unit char

takes made-up pairs (benchmarks/scale_data.py), so many in each span, up to Transform, and prints the time of the
processors in both components that `data.analyzer_cache` touches, in seconds: with it at the first window, and at the
second, of which all spans but one are known; and without it at the second. Each run is a process of its own.
"""

import multiprocessing
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

COMPONENTS = ("ParallelTextExampleGen", "Transform")


def main(
    pairs: Annotated[int, typer.Option(min=1, help="Pairs in a span.")] = 100_000,
    spans: Annotated[int, typer.Option(min=1, help="Spans in the window.")] = 4,
    unit: Annotated[str, typer.Option(help="Unit of both sides.")] = "char",
) -> None:
    """Measures, and prints a Markdown table."""
    with tempfile.TemporaryDirectory() as folder:
        runs = {
            "first window": (True, spans),
            "moved on by a span": (True, spans + 1),
            "moved on, without the cache": (False, spans + 1),
        }
        costs = {}
        for title, (cached, newest) in runs.items():
            arguments = (Path(folder), pairs, spans, newest, unit, cached)
            with multiprocessing.get_context("spawn").Pool(1) as alone:
                costs[title] = alone.apply(processor_seconds, arguments)
    rows = [["component", *runs], ["---"] * (1 + len(runs))]
    rows += [[name, *(f"{cost[name]:.1f}" for cost in costs.values())] for name in COMPONENTS]
    sys.stdout.write("".join(f"| {' | '.join(row)} |\n" for row in rows))


def processor_seconds(folder: Path, pairs: int, spans: int, newest: int, unit: str, cached: bool) -> dict[str, float]:
    """Runs the pipeline up to Transform; what each of its components took."""
    # These take half a minute to import.
    from benchmarks.scale_data import write_pairs
    from benchmarks.scale_run import run_nodes
    from pipeline.config import Config
    from pipeline.create import create_pipeline
    from pipeline.placement import OnThisMachine

    for span in range(1, newest + 1):
        place = folder / "data" / f"span-{span}"
        if not place.exists():
            place.mkdir(parents=True)
            write_pairs(place, pairs, first=span * pairs)
    text = {"unit": unit, "max_length": 64, "vocabulary_size": 1000, "on_too_long": "truncate"}
    config = Config.model_validate(
        {
            "name": "window",
            "workspace": str(folder / f"runs-{cached}"),
            "data": {
                "base": str(folder / "data"),
                "window": spans,
                "span": newest,
                "analyzer_cache": cached,
                "inputs": [{"pattern": "span-{SPAN}/pairs-*.tsv", "splits": {"train": 98, "eval": 2}}],
            },
            "source": text,
            "target": text,
            "evaluation": {"thresholds": [{"metric": "exact_match", "at_least": 0.0}]},
        }
    )
    costs = run_nodes(
        ("ParallelTextExampleGen", "StatisticsGen", "TextSchemaGen", "Transform"),
        create_pipeline(config),
        OnThisMachine(config),
    )
    return {cost["node"]: cost["processor_seconds"] for cost in costs}


if __name__ == "__main__":
    typer.run(main)
