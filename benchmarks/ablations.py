"""What each part of the model is worth: a training for each variant, measured on text decoded from the eval split.

    seq2seq run configs/g2p-small.yaml
    python -m benchmarks.ablations configs/g2p-small.yaml

prints a Markdown table with a row for each of VARIANTS; `--only "input feeding"` makes one row, and `--set KEY=VALUE`
changes all of them. All are trained on the same pairs in the same order from the same seed, and decoded by greedy
search, beam 5 and beam 10. The run before it prepares the pairs; the test split takes no part.
"""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.prepared_task import prepared_task
from pipeline.config import Config
from pipeline.config_file import load_config
from trainer.learning.decoded_sample import DecodedSample, TargetText
from trainer.learning.fit import fit
from trainer.task import Task
from transform.text import TextProcessor

VARIANTS = {
    "as configured": [],
    "no attention": ["model.attention=none"],
    "dot": ["model.attention=dot"],
    "additive": ["model.attention=additive"],
    "additive, before the cell": ["model.attention=additive", "model.attention_place=before"],
    "general, before the cell": ["model.attention_place=before"],
    "dot, before the cell": ["model.attention=dot", "model.attention_place=before"],
    "multi-head": ["model.attention=multi_head", "model.attention_scaled=true"],
    "input feeding": ["model.attention_place=input_feeding"],
    "two encoder layers": ["model.encoder_layers=2", "model.residual=true"],
    "GRU": ["model.cell=gru"],
    "GRU, dot, input feeding": ["model.cell=gru", "model.attention=dot", "model.attention_place=input_feeding"],
    "SimpleRNN": ["model.cell=simple_rnn"],
    "scheduled sampling": [
        "training.objective.scheduled_sampling.decay=inverse_sigmoid",
        "training.objective.scheduled_sampling.steepness=150",
        "training.objective.scheduled_sampling.minimum=0.75",
    ],
}
BEAMS = (1, 5, 10)
METRICS = ("exact_match", "token_error_rate")


def main(
    config: Annotated[Path, typer.Argument(help="Configuration whose pairs `seq2seq run` has prepared.")],
    only: Annotated[list[str] | None, typer.Option(help="Variant to train; may come several times.")] = None,
    overrides: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, for all variants.")] = None,
) -> None:
    """Trains, and prints a row for each variant."""
    unknown = set(only or []) - set(VARIANTS)
    if unknown:
        raise typer.BadParameter(f"no variant {', '.join(sorted(unknown))}: there are {', '.join(VARIANTS)}")
    columns = [f"{metric}, beam {beam}" for metric in ("word errors, %", "token errors, %") for beam in BEAMS]
    titles = ["variant", "weights", *columns, "eval loss", "training, s", "target tokens/s"]
    _write(titles)
    _write(["---"] * len(titles))
    for name in only or VARIANTS:
        _write([name, *_row(load_config(config, [*(overrides or []), *VARIANTS[name]]))])


def _row(config: Config) -> list[str]:
    task = prepared_task(config)
    model = task.build_model(config.model, config.training)
    text = TargetText(TextProcessor(task.target, task.target_vocabulary), config.decoding)
    with tempfile.TemporaryDirectory() as folder:
        result = fit(model, config.training, task.train, task.evaluation, log_directory=folder)
    figures = {
        (metric, beam): _measure(model, task, result.eval_pairs, config, text, metric, beam)
        for metric in METRICS
        for beam in BEAMS
    }
    words = [f"{100 * (1 - figures['exact_match', beam]):.1f}" for beam in BEAMS]
    tokens = [f"{100 * figures['token_error_rate', beam]:.2f}" for beam in BEAMS]
    seconds = sum(epoch.train_seconds for epoch in result.history)
    speed = f"{result.target_tokens_per_second:,.0f}"
    return [f"{model.count_params():,}", *words, *tokens, f"{result.eval_loss:.4f}", f"{seconds:.0f}", speed]


def _measure(model, task: Task, pairs: int, config: Config, text: TargetText, metric: str, beam: int) -> float:
    stopping = config.training.early_stopping.model_copy(update={"metric": metric, "beam_size": beam, "sample": pairs})
    training = config.training.model_copy(update={"early_stopping": stopping})
    return DecodedSample(model, task.evaluation, pairs, training, text).measure()


def _write(cells: list[str]) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    typer.run(main)
