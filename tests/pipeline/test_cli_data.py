"""`seq2seq schema` and `seq2seq drift` on a toy task, whose data is taken in as a whole run takes it in."""

import json

import pytest
import yaml
from tfx.orchestration import pipeline as tfx_pipeline

from pipeline.config_file import load_config
from pipeline.history import read_runs
from pipeline.ingestion import create_ingestion
from pipeline.placement import OnThisMachine
from pipeline.runners.run import run_pipeline
from tests.pipeline.toy_task import seq2seq, write_pairs, write_task

pytestmark = pytest.mark.tfx


def take_in(path):
    """Runs the nodes up to the gate; returns the states of all nodes."""
    config = load_config(path)
    placement = OnThisMachine(config)
    pipeline = tfx_pipeline.Pipeline(
        pipeline_name=config.name,
        pipeline_root=placement.root,
        components=create_ingestion(config, placement).nodes,
        enable_cache=True,
        metadata_connection_config=placement.metadata,
    )
    run_pipeline(pipeline)
    return read_runs(config)[-1].nodes


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    return write_task(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def inferred(task):
    """The task, with a schema inferred of its data that its configuration names."""
    path = task.config.with_name("reviewed.pbtxt")
    outcome = seq2seq("schema", "infer", task.config, "--output", path)
    assert outcome.exit_code == 0, outcome.output
    settings = yaml.safe_load(task.config.read_text(encoding="utf-8"))
    settings["data"]["schema_file"] = str(path)
    task.config.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    return outcome.output, path


@pytest.fixture(scope="module")
def passed(task, inferred):
    """States of the nodes of the first run that took the data in."""
    del inferred
    return take_in(task.config)


def test_infer_writes_and_shows_what_the_data_has(inferred, task):
    shown, path = inferred
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# What an example of this task must be")
    assert f"data.schema_file: {path}" in shown
    assert "source_tokens" in text
    for content in (shown, seq2seq("schema", "show", task.config).output):
        assert "loud, plain" in content
        assert "1 to 6" in content
        assert "at most 1 %" in content


def test_infer_replaces_a_file_only_where_it_is_told_to(inferred, task):
    _, path = inferred
    before = path.read_bytes()
    outcome = seq2seq("schema", "infer", task.config)
    assert outcome.exit_code == 2
    assert f"{path} is there already" in outcome.output
    assert path.read_bytes() == before


def test_data_passes_the_schema_that_was_inferred_of_it_and_what_was_read_comes_from_the_cache(passed):
    assert passed["ParallelTextExampleGen"] == "cached"
    assert passed["TextProfiler"] == "cached"
    assert passed["DataGate"] == "completed"


@pytest.mark.usefixtures("passed")
def test_diff_tells_where_data_and_schema_differ(inferred, task):
    _, path = inferred
    agreed = seq2seq("schema", "diff", task.config)
    assert agreed.exit_code == 0, agreed.output
    original = path.read_text(encoding="utf-8")
    path.write_text(original.replace('value: "loud"', 'value: "quiet"'), encoding="utf-8")
    try:
        different = seq2seq("schema", "diff", task.config)
    finally:
        path.write_text(original, encoding="utf-8")
    assert different.exit_code == 1
    assert "quiet, plain" in different.output
    assert "loud, plain" in different.output


@pytest.mark.parametrize(
    ("content", "cause"), [(None, "cannot be read"), ("feature {", "no Schema"), ("# nothing", "there is no feature")]
)
def test_a_file_that_is_no_schema_is_named(task, tmp_path, content, cause):
    path = tmp_path / "schema.pbtxt"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    outcome = seq2seq("schema", "show", task.config, "--set", f"data.schema_file={path}")
    assert outcome.exit_code == 2
    assert f"{path}" in outcome.output
    assert cause in outcome.output


def write_log(path, texts, **further):
    path.write_text("".join(json.dumps({"text": text, **further}) + "\n" for text in texts), encoding="utf-8")


def sources(task):
    return [line.split("\t")[0] for line in (task.config.parent / "data" / "train.tsv").read_text("utf-8").splitlines()]


@pytest.mark.usefixtures("passed")
def test_served_text_like_the_training_data_keeps_the_limits_and_other_text_does_not(task, tmp_path):
    limits = [
        *("--set", "data.drift.min_examples=100", "--set", "data.drift.max_unknown_increase=0.05"),
        *("--set", "data.drift.tokens={jensen_shannon: 0.1}", "--set", "data.drift.slices={l_infinity: 0.3}"),
    ]
    write_log(tmp_path / "good-1.jsonl", sources(task)[::2])
    write_log(tmp_path / "good-2.jsonl", sources(task)[1::2])
    good = seq2seq("drift", tmp_path / "good-*.jsonl", "--config", task.config, *limits)
    assert good.exit_code == 0, good.output
    write_log(tmp_path / "bad.jsonl", ["xyz"] * 200, kind="loud")
    bad = seq2seq("drift", tmp_path / "bad.jsonl", "--config", task.config, *limits)
    assert bad.exit_code == 3, bad.output
    assert "3 beyond the limits of data.drift" in bad.output
    assert "x (200)" in bad.output


@pytest.mark.usefixtures("passed")
def test_a_line_that_is_no_request_is_named(task, tmp_path):
    log = tmp_path / "requests.jsonl"
    log.write_text('{"text": "a"}\n\n{"txt": "b"}\n', encoding="utf-8")
    outcome = seq2seq("drift", log, "--config", task.config)
    assert outcome.exit_code == 1
    assert f"{log}:3: wanted an object with the key 'text'" in outcome.output
    outcome = seq2seq("drift", tmp_path / "none-*", "--config", task.config)
    assert outcome.exit_code == 1
    assert "no files match" in outcome.output


@pytest.mark.usefixtures("passed")
def test_a_leak_stops_the_run_and_names_the_cause(task):
    eval_file = task.config.parent / "data" / "eval.tsv"
    original = eval_file.read_text(encoding="utf-8")
    train = (task.config.parent / "data" / "train.tsv").read_text(encoding="utf-8")
    write_pairs(eval_file, 60, seed=5, letters="é")
    try:
        eval_file.write_text(eval_file.read_text("utf-8") + "".join(train.splitlines(keepends=True)[:40]), "utf-8")
        outcome = seq2seq("run", task.config, "--set", "data.quality.max_shared_sources=0.1")
    finally:
        eval_file.write_text(original, encoding="utf-8")
    assert outcome.exit_code == 1, outcome.output
    assert "DataGate failed: split eval, sources that stand in train too" in outcome.output
    assert "data.quality.max_shared_sources allows 10 %" in outcome.output
    assert "Anomalies of the data" in outcome.output
