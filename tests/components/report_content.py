"""What a report may have to show, with text of every kind in every place."""

import datetime
import math
import random

import pyarrow as pa

from components.config.evaluation import EvaluationConfig
from components.data_checks.drift import Distance
from components.data_profile.profile import Counts, Finding, Profile, SideProfile, SplitProfile
from components.metrics.calibration import measure_calibration
from components.metrics.calibration_config import CalibrationConfig
from components.metrics.confidence import Sureness
from components.metrics.example_rows import OF_MODEL, PREFIXES, schema_of, sums_column
from components.report.attention import Attention
from components.report.charts import reliability_chart
from components.report.data import data_section
from components.report.outcome import outcome_of, wanted
from components.report.provenance import Ancestor, Hash, Version
from components.report.samples import choose_samples
from components.report.slices import PICTURE_WIDTH, metric_tables
from components.report.training import training_section
from trainer.metrics.catalog import create_statistic
from trainer.metrics.statistic import DecodedExample

MARKUP = "<img src=x onerror=alert(1)>"
ARABIC = "٣ مارس ١٩٨٩"
PAIRS = [  # source, reference, what the model made of it, what the blessed model made of it
    ("3 mars 1989", "1989-03-03", "1989-03-03", "1989-03-03"),
    (ARABIC, "1989-03-03", "1989-03-13", "1989-03-03"),
    (MARKUP, "| `a` **b**", "", "| `a` **b**"),
    ("יום שלישי\u202e‏", "👩‍👩‍👧 é é", "👩‍👩‍👧\u0000\u001b[31m", "👩‍👩‍👧 é é"),
    ("२०३१ फ़रवरी", "2031-02-14", "2031-02-41", "2032-02-14"),
    ("2027年11月30日", "2027-11-30", "2027-11-30", "2027-11-30"),
    ("a" * 80, "b" * 80, "c" * 80, "b" * 80),
]
METRICS = ("exact_match", "token_error_rate")
SLICES = ["overall", "locale:ar", f"locale:{MARKUP}", "locale:עברית", "source_length:1-10", "source_length:11+"]


def _examples(baseline):
    rows = []
    for index, (source, reference, *hypotheses) in enumerate(PAIRS):
        row = {"source": source, "references": [reference], "slices": []}
        for prefix, hypothesis in zip(PREFIXES[: 1 + baseline], hypotheses, strict=False):
            example = DecodedExample(hypothesis, [reference], -1.0, 10, -0.2 * (index + 1))
            row |= {f"{prefix}{name}": getattr(example, name) for name in OF_MODEL}
            for name in METRICS:
                row[sums_column(prefix, name)] = list(map(float, create_statistic(name, "char").of_example(example)))
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=schema_of(METRICS, 1 + baseline))


def _tables(baseline):
    draw = random.Random(1)
    metrics, baselines, sureness = {}, {}, {}
    for name in SLICES:
        exact, before = 0.7 + 0.25 * draw.random(), 0.7 + 0.25 * draw.random()
        metrics[name] = {"exact_match": exact, "token_error_rate": (1 - exact) / 4}
        if baseline:
            baselines[name] = {"exact_match": before, "token_error_rate": (1 - before) / 4}
        if name != "locale:עברית":
            better = exact > before
            of_both = {"baseline_low": before - 0.03, "baseline_high": before + 0.03, "better": better}
            p_value = {"p_value": 0.01 if abs(exact - before) > 0.06 else 0.4}
            sureness[name] = {
                "exact_match": Sureness(
                    low=exact - 0.03, high=exact + 0.03, **((of_both | p_value) if baseline else {})
                )
            }
    return metric_tables(metrics, baselines, sureness, {name: 1000 // (1 + place) for place, name in enumerate(SLICES)})


def _profile():
    def side(seed, most):
        lengths = {length: int(1 + 900 * math.exp(-(((length - most / 2) / 4) ** 2))) for length in range(1, most)}
        tokens = Counts(total=9000, distinct=60 + seed, unknown=seed)
        return SideProfile(lengths=lengths, shortest="a", longest="b" * 30, tokens=tokens)

    def split(seed, **findings):
        sides = {"source": side(seed, 30), "target": side(seed, 12)}
        slices = {"locale": Counts(total=9, distinct=19, most_common=[(MARKUP, 1)])}
        return SplitProfile(examples=1000 * seed, sides=sides, slices=slices, **findings)

    shared = {"train": Finding(count=2, examples=[MARKUP, ARABIC])}
    return Profile(text_settings="", splits={"eval": split(2, shared_sources=shared), "train": split(40)})


def _history():
    return [
        {
            "epoch": epoch,
            "step": 100 * epoch,
            "train_loss": 2.0 / epoch,
            "eval_loss": 2.2 / epoch + 0.01 * epoch,
            "eval_token_accuracy": 1 - 0.5 / epoch,
            "eval_metric": 1 - 0.6 / epoch,
            "learning_rate": 0.002 / epoch,
        }
        for epoch in range(1, 13)
    ]


def content(baseline=True, blessed=False, seed=3):
    """By the names in the templates; `baseline` says whether there was a blessed model."""
    examples = _examples(baseline)
    samples = choose_samples(examples)
    draw = random.Random(seed)

    def attention(sample):
        source, target = [*sample.source[:24], "</s>"], [*(sample.hypothesis[:24] or " "), "</s>"]
        weights = [[draw.random() ** 6 for _ in source] for _ in target]
        return Attention(source, target, [[each / sum(row) for each in row] for row in weights])

    calibration = measure_calibration(examples, CalibrationConfig(precisions=[0.3, 0.9]))
    points = [(each.confidence, each.exact_match, each.examples / 7, f"{each.examples}") for each in calibration.bins]
    failures = [
        f"exact_match ({MARKUP}) is 0.81, and that of the latest blessed model 0.93: it must be no more than 0 worse"
    ]
    thresholds = EvaluationConfig(
        thresholds=[{"metric": "exact_match", "at_least": 0.95, "max_regression": 0.005, "max_p_value": 0.05}]
    ).thresholds
    distances = [Distance("train", "source lengths", "L-infinity", 0.0123, "lengths.l_infinity", 0.05, True)]
    return {
        "name": "dates",
        "run_id": "20261126-201500-000000",
        "written": datetime.datetime(2026, 11, 26, 20, 15, tzinfo=datetime.timezone.utc),
        "outcome": outcome_of(blessed, [] if blessed else failures, None, "1795551144" if blessed else None),
        "wanted": wanted(thresholds, {"exact_match": 0.81}, {"exact_match": 0.93} if baseline else {}),
        "split": "test",
        "examples": examples.num_rows,
        "tables": _tables(baseline),
        "calibration": calibration,
        "reliability": reliability_chart("Reliability", points),
        "samples": samples,
        "worst": [(each, attention(each)) for each in samples.worst],
        "best": [(each, None) for each in samples.best],
        "training": training_section(
            {
                "history": _history(),
                "metric": "exact_match",
                "best_epoch": 7,
                "averaged_epochs": [7],
                "eval_loss": 0.3,
                "eval_metric": 0.94,
                "stopped_by": "early_stopping.patience",
                "seed": 1,
                "train_pairs": 40_000,
                "left_out_pairs": 0,
                "target_tokens_per_second": 15_586.2,
                "seconds": 251.0,
            }
        ),
        "data": data_section(_profile(), distances),
        "trial": None,
        "config": f"name: dates\ndata:\n  base: '{MARKUP}'\n",
        "tuned": {"model.dropout": 0.25},
        "picture_width": PICTURE_WIDTH,
        "versions": [Version("Python", "3.10.13"), Version("tfx", "1.16.0")],
        "hashes": [Hash("code", "0f" * 32), Hash("source vocabulary", "a1" * 32, "64 tokens")],
        "ancestors": [Ancestor("model", "12", f"/runs/{MARKUP}/model", "span 3")],
    }
