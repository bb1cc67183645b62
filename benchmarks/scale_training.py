"""Growth: what training needs to read a million pairs or ten million of them as a stream.

    python -m benchmarks.scale_training --pairs 100000 --pairs 10000000

prints a Markdown table with a row for each count: pairs read a second, over a whole epoch of batches; the highest
resident memory once that epoch is through, and after the steps of training that follow it; and the share of the time
of these steps in which they waited for data. The pairs are those of benchmarks.scale as Transform writes them, in
shards of 100,000, each of 10,000 pairs that come ten times; each count is read in a process of its own.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

_TITLES = {
    "pairs": "{:,}",
    "shards": "{}",
    "pairs_per_second": "{:,.0f}",
    "peak_memory_read_mb": "{:,.0f}",
    "peak_memory_trained_mb": "{:,.0f}",
    "target_tokens_per_second": "{:,.0f}",
    "waiting_share": "{:.2%}",
}


def main(
    pairs: Annotated[list[int], typer.Option(help="Pairs to read; may come again.")],
    steps: Annotated[int, typer.Option(help="Steps of training after it.")] = 100,
    folder: Annotated[Path | None, typer.Option(help="Where pairs are written to, and kept; else nowhere.")] = None,
) -> None:
    """Measures, and prints a table."""
    rows = [[title.replace("_", " ") for title in _TITLES], ["---"] * len(_TITLES)]
    with tempfile.TemporaryDirectory() as temporary:
        kept = folder or Path(temporary)
        kept.mkdir(parents=True, exist_ok=True)
        for count in sorted(pairs):
            measured = _measure(count, steps, kept)
            rows.append([form.format(measured[title]) for title, form in _TITLES.items()])
    sys.stdout.write("".join(f"| {' | '.join(row)} |\n" for row in rows))


def _measure(count: int, steps: int, folder: Path) -> dict[str, float]:
    arguments = json.dumps({"count": count, "steps": steps, "folder": str(folder)})
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.scale_training_run", arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(ran.stdout.splitlines()[-1])


if __name__ == "__main__":
    typer.run(main)
