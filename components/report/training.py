"""How a training went, as a report shows it."""

import dataclasses
from typing import Any

from components.report.charts import Chart, line_chart

_COUNTED = ("loss_per_token", "token_accuracy")


@dataclasses.dataclass(frozen=True)
class TrainingSection:
    """What there is to show.

    Attributes:
      facts: what they are, and their values.
      charts: curves by epoch.
    """

    facts: list[tuple[str, str]]
    charts: list[Chart]


def training_section(result: dict[str, Any]) -> TrainingSection:
    """Describes a training.

    Args:
      result: a TrainingResult as a dictionary.
    """
    metric = result["metric"].replace("_", " ")
    averaged = result["averaged_epochs"]
    facts = [
        ("pairs of an epoch", f"{result['train_pairs']:,}"),
        ("left out as too long", f"{result['left_out_pairs']:,}"),
        ("epochs", f"{len(result['history'])}, stopped by training.{result['stopped_by']}"),
        ("weights that remain", f"mean of epochs {averaged}" if len(averaged) > 1 else f"epoch {result['best_epoch']}"),
        ("loss on the split eval", f"{result['eval_loss']:.4g} nats a token"),
        *([] if metric == "loss per token" else [(f"{metric} on the split eval", f"{result['eval_metric']:.4g}")]),
        ("seed", str(result["seed"])),
        ("time", f"{result['seconds'] / 60:,.1f} minutes"),
        ("speed", f"{result['target_tokens_per_second']:,.0f} target tokens a second"),
    ]
    return TrainingSection(facts, [chart for chart in _charts(result, metric) if chart])


def _charts(result: dict[str, Any], metric: str) -> list[Chart | None]:
    def curve(key: str) -> list[tuple[float, float]]:
        return [(epoch["epoch"], epoch[key]) for epoch in result["history"]]

    best = (result["best_epoch"], "kept")
    charts = [
        line_chart("Loss", "epoch", "nats a token", {"train": curve("train_loss"), "eval": curve("eval_loss")}, best),
        line_chart("Token accuracy", "epoch", "share", {"eval": curve("eval_token_accuracy")}, best),
    ]
    if result["metric"] not in _COUNTED:
        charts.append(line_chart(metric.capitalize(), "epoch", metric, {"eval": curve("eval_metric")}, best))
    return [*charts, line_chart("Learning rate", "epoch", "at its end", {"learning rate": curve("learning_rate")})]
