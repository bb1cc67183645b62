"""The whole pipeline, as a person runs it: from files of pairs to a pushed model, and what stops it."""

import hashlib
import json
import logging
import os
import pathlib
import signal

import numpy as np
import pytest
import tensorflow as tf

from pipeline.config_file import load_config
from pipeline.history import read_runs
from tests.pipeline.toy_task import seq2seq, write_pairs, write_task

pytestmark = pytest.mark.tfx

NODES = [
    "ParallelTextExampleGen",
    "StatisticsGen",
    "TextProfiler",
    "TextSchemaGen",
    "latest_profile_that_passed",
    "ExampleValidator",
    "DataGate",
    "Transform",
    "Trainer",
    "TransformedStatisticsGen",
    "latest_blessed_model",
    "Evaluator",
    "ServingValidator",
    "AtomicPusher",
    "Report",
]


def last_run(task):
    return read_runs(load_config(task.config))[-1]


def test_a_run_shows_its_components_metrics_and_where_the_model_went(finished):
    outcome, task = finished
    assert outcome.exit_code == 0, outcome.output
    shown = [line.split()[1] for line in outcome.output.splitlines() if line.startswith("✓")]
    assert shown == NODES
    [version] = task.versions()
    assert f"Pushed version {version} to {task.served / str(version)}" in outcome.output
    assert "kind:loud" in outcome.output
    assert "loss" in outcome.output
    assert "WARNING" not in outcome.output


def test_status_lists_the_run(finished):
    _, task = finished
    shown = seq2seq("status", task.config).output
    page = seq2seq("report", task.config).output.split()[0]
    assert f": {page}\n" in shown
    assert "completed" in shown
    assert str(task.versions()[0]) in shown


def test_the_report_tells_what_was_pushed_and_what_it_was_made_of(finished, tmp_path):
    outcome, task = finished
    first = read_runs(load_config(task.config))[0]
    page, card = map(pathlib.Path, seq2seq("report", task.config, "--run", first.run_id).output.split())
    assert f"Report in {page}" in outcome.output
    [version] = task.versions()
    vocabulary = task.served / str(version) / "assets.extra" / "training" / "source_vocabulary"
    told = [
        *(f"Pushed as version {version}", first.run_id, "kind:loud", "Reliability", 'class="heat"', "nats a token"),
        *(hashlib.sha256(vocabulary.read_bytes()).hexdigest(), first.model_uri, "at most 5", "embedding_size: 16"),
    ]
    shown = page.read_text(encoding="utf-8")
    assert [each for each in told if each not in shown] == []
    assert f"Pushed as version {version}" in card.read_text(encoding="utf-8")
    for original, copy in ((page, tmp_path / "copy.html"), (card, tmp_path / "copy.md")):
        copied = seq2seq("report", task.config, "--run", first.run_id, "--output", copy)
        assert (copied.exit_code, copied.output) == (0, f"{copy}\n")
        assert copy.read_bytes() == original.read_bytes()
    unknown = seq2seq("report", task.config, "--run", "never", "--output", tmp_path / "copy.html")
    assert (unknown.exit_code, "run never has no report" in unknown.output) == (2, True)
    assert (tmp_path / "copy.html").read_bytes() == page.read_bytes()


def test_the_calibration_is_part_of_what_is_served(finished):
    _, task = finished
    served = task.served / str(task.versions()[0]) / "assets.extra" / "calibration.json"
    calibration = json.loads(served.read_text(encoding="utf-8"))
    lines = (task.config.parent / "data" / "eval.tsv").read_text(encoding="utf-8").splitlines()
    # Pairs of one source are one example.
    assert calibration["examples"] == len({line.split("\t")[0] for line in lines})
    assert [each["precision"] for each in calibration["thresholds"]] == [0.9, 0.95, 0.99]


def test_ids_of_the_transform_component_equal_those_of_the_exported_model(finished):
    _, task = finished
    artifacts = task.config.parent / "runs" / "toy" / "artifacts"
    [examples] = (artifacts / "ParallelTextExampleGen" / "examples").glob("*/Split-eval/*.gz")
    transformed = sorted((artifacts / "Transform" / "transformed_examples").glob("*/Split-eval/*.gz"))
    text = [_feature(record, "source").bytes_list.value[0] for record in _records([examples])]
    model = tf.saved_model.load(str(task.served / str(task.versions()[0])))
    answered = model.signatures["transform"](text=tf.constant(text))
    ids = {bytes(row[row != 0].astype(np.int64)) for row in answered["source_ids"].numpy()}
    component = {bytes(_trimmed(record)) for record in _records(transformed)}
    assert component == ids
    weights = {_feature(record, "example_weight").float_list.value[0] for record in _records(transformed)}
    assert weights == {1.0, 2.0}


def _records(paths):
    dataset = tf.data.TFRecordDataset([str(path) for path in paths], compression_type="GZIP")
    return [tf.train.Example.FromString(record) for record in dataset.as_numpy_iterator()]


def _feature(example, name):
    return example.features.feature[name]


def _trimmed(example):
    ids = np.array(_feature(example, "source_ids").int64_list.value, np.int64)
    return ids[: _feature(example, "source_length").int64_list.value[0]]


def test_a_second_run_takes_everything_from_the_cache(finished):
    _, task = finished
    before = task.versions()
    outcome = seq2seq("run", task.config)
    assert outcome.exit_code == 0, outcome.output
    ran = {node for node, state in last_run(task).nodes.items() if state != "cached"}
    assert ran <= {"latest_blessed_model", "latest_profile_that_passed"}, "only looking for what was earlier may run"
    assert task.versions() == before


def test_a_model_that_fails_a_threshold_is_not_pushed_and_the_figures_are_told(finished):
    _, task = finished
    before = task.versions()
    outcome = seq2seq("run", task.config, "--set", "evaluation.thresholds=[{metric: exact_match, at_least: 1.01}]")
    assert outcome.exit_code == 3
    assert "Not pushed" in outcome.output
    assert "exact_match" in outcome.output
    assert "1.01" in outcome.output
    assert task.versions() == before
    states = last_run(task).nodes
    assert states["Trainer"] == "cached", "the threshold does not concern the Trainer"
    assert states["Evaluator"] == "completed"
    report = pathlib.Path(seq2seq("report", task.config).output.split()[0]).read_text(encoding="utf-8")
    assert "Not pushed: the model failed a threshold" in report
    assert "at least 1.01" in report


class _Interrupt(logging.Handler):
    """Presses Ctrl-C at the first line that the trainer shows."""

    def emit(self, record):
        os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupted_run_leaves_nothing_half_done_is_taken_up_and_measured_against_the_blessed_model(finished):
    _, task = finished
    before, models = task.versions(), exported_models(task)
    changed = ("run", task.config, "--set", "training.epochs=1")
    handler = _Interrupt()
    logging.getLogger("seq2seq.trainer").addHandler(handler)
    try:
        outcome = seq2seq(*changed)
    finally:
        logging.getLogger("seq2seq.trainer").removeHandler(handler)
    assert outcome.exit_code == 130, outcome.output
    assert last_run(task).nodes["Trainer"] == "failed"
    assert (task.versions(), exported_models(task)) == (before, models), "nothing is left half done"
    outcome = seq2seq(*changed, "--orchestrator", "beam")
    assert outcome.exit_code == 0, outcome.output
    states = last_run(task).nodes
    assert states["Transform"] == "cached"
    assert states["Trainer"] == "completed"
    assert len(exported_models(task)) == len(models) + 1
    assert len(task.versions()) == len(before) + 1
    outcome = seq2seq(*changed, "--set", "evaluation.thresholds=[{metric: loss_per_token, max_regression: -100.0}]")
    assert outcome.exit_code == 3, outcome.output
    assert "loss_per_token" in outcome.output


def exported_models(task):
    """The folders of models that Trainers have exported."""
    return set((task.config.parent / "runs" / "toy" / "artifacts" / "Trainer" / "model").glob("*/Format-Serving"))


def test_an_anomaly_stops_the_run_at_the_gate(tmp_path):
    task = write_task(tmp_path)
    write_pairs(tmp_path / "data" / "eval.tsv", 60, seed=2, kinds=("plain", "unheard-of"))
    outcome = seq2seq("run", task.config)
    assert outcome.exit_code == 1
    assert "DataGate failed" in outcome.output
    assert "kind" in outcome.output
    assert "unheard-of" in outcome.output
    assert task.versions() == []


def test_a_bad_row_stops_the_run_with_its_file_and_line(tmp_path):
    task = write_task(tmp_path)
    bad = tmp_path / "data" / "train.tsv"
    bad.write_text(bad.read_text(encoding="utf-8").replace("\t", "", 2), encoding="utf-8")
    outcome = seq2seq("run", task.config)
    assert outcome.exit_code == 1
    assert "ParallelTextExampleGen failed" in outcome.output
    assert "train.tsv" in outcome.output
    assert "Traceback" not in outcome.output
