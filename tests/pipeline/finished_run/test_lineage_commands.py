"""`seq2seq lineage` and `seq2seq compare` on a real run."""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from pipeline.config_file import load_config
from pipeline.history import read_runs
from tests.pipeline.toy_task import seq2seq

pytestmark = pytest.mark.tfx

ARTIFACTS = pathlib.Path("runs", "toy", "artifacts")


@pytest.fixture(autouse=True, scope="module")
def wide_terminal():
    """No table breaks its lines."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "300")
        yield


@pytest.fixture(scope="module")
def first(finished):
    """The first run of the shared task: its version, and what JSON says of its lineage."""
    _, task = finished
    pushed = read_runs(load_config(task.config))[0]
    outcome = seq2seq("lineage", task.config, pushed.pushed_version, "--format", "json")
    assert outcome.exit_code == 0, outcome.output
    return pushed, json.loads(outcome.output)


def test_a_version_leads_back_to_files_schema_vocabulary_code_and_configuration(finished, first):
    _, task = finished
    pushed, found = first
    folder = task.config.parent
    assert (found["version"], found["folder"], found["run"]) == (pushed.pushed_version, pushed.pushed_to, pushed.run_id)
    assert found["rolled_back_to"] is None
    assert found["model"]["uri"] == pushed.model_uri
    assert found["evaluation"] == {
        "uri": pushed.evaluation_uri,
        "run": pushed.run_id,
        "blessed": True,
        "compared_with": None,
        "blessed_on_server": True,
    }
    data = found["data"]
    assert [(each["path"], each["bytes"]) for each in data["files"]] == [
        (str(folder / "data" / name), (folder / "data" / name).stat().st_size) for name in ("train.tsv", "eval.tsv")
    ]
    assert [each["splits"] for each in data["inputs"]] == [{"train": 1}, {"eval": 1}]
    assert data["splits"] == ["train", "eval"]
    assert data["passed_gate"].startswith(str(folder / ARTIFACTS / "DataGate" / "blessing"))
    [schema] = (folder / ARTIFACTS / "TextSchemaGen" / "schema").glob("*/schema.pbtxt")
    assert found["schema"]["sha256"] == hashlib.sha256(schema.read_bytes()).hexdigest()
    assert found["schema"]["reviewed"] is False
    assert len(found["vocabulary"]) == 2
    for vocabulary in found["vocabulary"]:
        assert vocabulary["sha256"] == hashlib.sha256(pathlib.Path(vocabulary["file"]).read_bytes()).hexdigest()
    assert {
        "ParallelTextExampleGen",
        "TextProfiler",
        "DataGate",
        "Transform",
        "Trainer",
        "Evaluator",
        "ServingValidator",
    } <= found["code"].keys()
    assert all(len(version) == 64 for version in found["code"].values())


def test_the_recorded_configuration_is_the_configuration(finished, first):
    _, task = finished
    config = load_config(task.config)
    recorded = first[1]["config"]
    assert recorded["evaluation.metrics"] == config.evaluation.metrics
    assert recorded["evaluation.split"] == "eval"
    assert recorded["evaluation.slices"][:2] == ["overall", "kind"]
    assert recorded["data.schema"] == "inferred"
    for key in ("model.cell", "training.epochs", "training.optimizer.learning_rate", "source.max_length"):
        value = config
        for name in key.split("."):
            value = getattr(value, name)
        assert recorded[key] == value
    assert recorded["data.columns"] == config.data.columns
    assert recorded["data.quality.near_empty_tokens"] == config.data.quality.near_empty_tokens


def test_the_table_shows_it(finished, first):
    _, task = finished
    shown = "".join(seq2seq("lineage", task.config, first[0].pushed_version).output.split())
    for text in (f"Version{first[0].pushed_version}", "train.tsvtotrain1", "inferred", "training.epochs", "SHA-256"):
        assert text in shown


@pytest.mark.skipif(
    shutil.which("dot") is None, reason="there is no `dot` on PATH; deploy/test_packages.sh installs it"
)
def test_the_picture_is_one_that_graphviz_draws(finished, first, tmp_path):
    _, task = finished
    version = first[0].pushed_version
    dot = seq2seq("lineage", task.config, version, "--format", "dot").output
    plain = subprocess.run(["dot", "-Tplain"], input=dot, text=True, capture_output=True, check=True).stdout
    assert sum(line.startswith("node ") for line in plain.splitlines()) > 15
    outcome = seq2seq("lineage", task.config, version, "--picture", tmp_path / "lineage.svg")
    assert outcome.exit_code == 0, outcome.output
    picture = (tmp_path / "lineage.svg").read_text(encoding="utf-8")
    for text in ("Trainer", "train.tsv", f"version {version}", "</svg>"):
        assert text in picture
    refused = seq2seq("lineage", task.config, version, "--picture", tmp_path / "lineage.odd")
    assert refused.exit_code == 2
    assert "lineage.odd: cannot be drawn" in refused.output
    assert [path.name for path in tmp_path.iterdir()] == ["lineage.svg"]


def test_what_cannot_be_shown_is_told(finished, tmp_path, monkeypatch):
    _, task = finished
    refused = seq2seq("lineage", task.config, "17")
    assert refused.exit_code == 2
    assert "version 17 was never pushed; pushed versions: " in refused.output
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    refused = seq2seq("lineage", task.config, "--picture", tmp_path / "lineage.svg")
    assert refused.exit_code == 2
    assert "there is no `dot` on PATH" in refused.output


@pytest.fixture(scope="module")
def stricter(finished):
    """A second run of the shared task, with another threshold that the model fails."""
    _, task = finished
    outcome = seq2seq("run", task.config, "--set", "evaluation.thresholds=[{metric: exact_match, at_least: 1.5}]")
    assert outcome.exit_code == 3, outcome.output
    return read_runs(load_config(task.config))[-1]


def test_what_differs_between_two_runs(finished, first, stricter):
    _, task = finished
    outcome = seq2seq("compare", task.config, first[0].pushed_version, "last", "--json")
    assert outcome.exit_code == 0, outcome.output
    found = json.loads(outcome.output)
    assert found["runs"] == [first[0].run_id, stricter.run_id]
    assert {each["what"] for each in found["config"]} == {
        "evaluation.thresholds.token_error_rate",
        "evaluation.thresholds.exact_match",
    }
    assert found["data"] == []
    assert found["paired"]
    assert {each["slice_name"] for each in found["metrics"]} >= {"overall", "kind:loud", "source_length:1-3"}
    for each in found["metrics"]:
        # It is the same model on the same examples. Beam's batches, other ones in each run, show in the last digits of
        # what is computed of floats; what is counted is equal.
        assert each["first"] == pytest.approx(each["second"], rel=1e-6)
        assert each["first"] == each["second"] or each["metric"] == "loss_per_token"
        if each["slice_name"] == "overall":
            assert (each["p_value"] is None) == (each["first"] == each["second"])
            assert each["first_interval"] == pytest.approx(each["second_interval"], rel=1e-6)
    outcomes = {each["what"]: (each["first"], each["second"]) for each in found["outcome"]}
    assert outcomes["blessed"] == (True, False)
    assert outcomes["pushed version"] == (first[0].pushed_version, None)
    assert outcomes["failed thresholds"][1].startswith("exact_match (overall)")


def test_the_comparison_as_tables(finished, first, stricter):
    _, task = finished
    shown = "".join(seq2seq("compare", task.config, first[0].run_id, stricter.run_id).output.split())
    for text in ("Configuration", "evaluation.thresholds", "overall", "exact_match", "+0", "Outcome", "blessed"):
        assert text in shown


def test_a_run_whose_evaluation_was_deleted_is_refused(finished, first, stricter):
    _, task = finished
    evaluation = pathlib.Path(stricter.evaluation_uri)
    evaluation.rename(evaluation.with_name("aside"))
    try:
        refused = seq2seq("compare", task.config, first[0].run_id, "last")
    finally:
        evaluation.with_name("aside").rename(evaluation)
    assert refused.exit_code == 2
    assert f"run {stricter.run_id} cannot be compared: {evaluation} is gone" in refused.output


def test_a_run_that_is_not_there_is_refused_with_those_that_are(finished, first):
    _, task = finished
    refused = seq2seq("compare", task.config, "yesterday", "last")
    assert refused.exit_code == 2
    assert "there is no run yesterday, and no such pushed version" in refused.output
    assert first[0].run_id in refused.output
