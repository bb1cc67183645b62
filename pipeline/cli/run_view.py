"""What `seq2seq run` shows: the components as they run, their own lines of progress, and what came of them."""

import logging
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from components import tables as content
from pipeline.cli.drawing import drawn
from pipeline.runners.events import NodeEvent

if TYPE_CHECKING:
    from components.serving_validator.report import Report
    from components.verdict import Verdict
    from pipeline.history import Run

_MARKS = {"completed": ("✓", "green"), "cached": ("↺", "cyan"), "failed": ("✗", "red")}


class RunView(logging.Handler):
    """Handler for the `seq2seq` loggers: one line per component that ends, and its progress indented below."""

    def __init__(self, console: Console):
        super().__init__(logging.INFO)
        self._console = console
        self._status = console.status("")
        self.ended: list[NodeEvent] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Shows a node's event, a table, or a line of progress."""
        event = getattr(record, "node_event", None)
        table = getattr(record, content.RECORD_ATTRIBUTE, None)
        if table is not None:
            self._status.stop()
            self._console.print(drawn(table))
        elif event is None:
            style = "yellow" if record.levelno >= logging.WARNING else "dim"
            self._console.print(Text(f"    {record.getMessage()}", style=style), soft_wrap=True)
        elif event.state == "started":
            self._status.update(f"{event.node} …")
            self._status.start()
        else:
            self._status.stop()
            self.ended.append(event)
            mark, color = _MARKS[event.state]
            time = (
                "from cache" if event.state == "cached" else f"{event.seconds:8.1f} s {event.peak_memory >> 20:8,} MB"
            )
            self._console.print(Text(f"{mark} {event.node:<36}", style=color) + Text(time, style="default"))

    def close(self) -> None:
        """Takes the moving status line from the terminal."""
        self._status.stop()
        super().close()


def metrics_table(verdict: "Verdict") -> Table:
    """All metrics, a row per slice, a column per metric; the baseline's figure in brackets where there is one."""
    names = sorted({name for figures in verdict.metrics.values() for name in figures})
    table = Table(title="Metrics", title_justify="left", title_style="bold")
    table.add_column("slice", no_wrap=True)
    for name in names:
        # Words apart, so that a narrow terminal can break the heading.
        table.add_column(name.replace("_", " "), justify="right")
    for slice_name, figures in verdict.metrics.items():
        before = verdict.baseline_metrics.get(slice_name, {})
        cells = [
            (f"{figures[name]:.4g}" if name in figures else "") + (f" ({before[name]:.4g})" if name in before else "")
            for name in names
        ]
        table.add_row(Text(slice_name), *cells)
    return table


def confidence_table(verdict: "Verdict") -> Table:
    """How sure the figures of all examples are: 95 % intervals, and of two models the p-value of their difference."""
    overall, before = verdict.metrics["overall"], verdict.baseline_metrics.get("overall", {})
    rows = []
    for metric, sure in verdict.sureness.get("overall", {}).items():
        row = [metric, f"{overall[metric]:.4g}", f"{sure.low:.4g} to {sure.high:.4g}"]
        if before:
            row += [f"{before[metric]:.4g}", f"{sure.baseline_low:.4g} to {sure.baseline_high:.4g}"]
            row.append(f"{sure.p_value:.3g}")
        rows.append(row)
    columns = ["metric", "all examples", "95 % interval"]
    return drawn(
        content.Table("Confidence", columns + (["blessed model", "95 % interval", "p"] if before else []), rows)
    )


def outcome_lines(run: "Run", verdict: "Verdict", report: "Report | None") -> list[Text]:
    """Where the model was pushed and how fast the server answered, or what stopped it.

    Args:
      run: the run.
      verdict: of the evaluation.
      report: of the trial on a server; None where the configuration asks for none.
    """
    if run.pushed_to:
        latencies = report.latencies if report else ()
        return [
            Text(f"Pushed version {run.pushed_version} to {run.pushed_to}", style="bold green"),
            *(
                Text(
                    f"  On the server, in batches of {latency.batch_size}:"
                    f" p50 {latency.p50:.1f} ms, p95 {latency.p95:.1f} ms"
                )
                for latency in latencies
            ),
        ]
    if verdict.blessed and report and not report.blessed:
        return [
            Text(f"Not pushed: the model failed on {report.server}.", style="bold red"),
            Text(f"  {report.failure}", style="red"),
        ]
    return [
        Text("Not pushed: the model failed a threshold.", style="bold red"),
        *(Text(f"  {failure}", style="red") for failure in verdict.failures),
    ]
