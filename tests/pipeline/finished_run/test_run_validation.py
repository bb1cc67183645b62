"""A model that fails on the server is not pushed, and the run says why; a server that fails stops the run."""

import os
import stat

import pytest

from pipeline.config_file import load_config
from pipeline.history import read_runs
from tests.pipeline.toy_task import seq2seq

pytestmark = pytest.mark.tfx


@pytest.fixture
def run_with_binary(finished, tmp_path, monkeypatch):
    """Runs the toy task, most of it from the cache, with a shell script in place of TensorFlow Serving's binary."""
    _, task = finished

    def run(script, examples):
        binary = tmp_path / "tensorflow_model_server"
        binary.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        binary.chmod(stat.S_IRWXU)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        before = task.versions()
        outcome = seq2seq("run", task.config, "--set", f"serving.validation.examples={examples}")
        assert task.versions() == before
        return outcome, read_runs(load_config(task.config))[-1]

    return run


def test_a_model_that_the_server_cannot_load_is_not_pushed(run_with_binary, finished):
    outcome, run = run_with_binary('echo "{name: toy} did not become available: no such op"; exit 1', examples=7)
    assert outcome.exit_code == 3, outcome.output
    assert "Not pushed: the model failed on tensorflow_model_server." in outcome.output
    assert "the model cannot be loaded" in outcome.output
    assert "no such op" in outcome.output
    assert run.nodes["Evaluator"] == "cached"
    assert (run.blessed, run.infra_blessed, run.pushed_to) == (True, False, None)
    # In a narrow table, a word to a line.
    assert "server" in seq2seq("status", finished[1].config).output.split()


def test_a_server_that_fails_stops_the_run_and_is_tried_again_by_the_next(run_with_binary):
    for _ in range(2):
        outcome, run = run_with_binary('echo "cannot bind"; exit 7', examples=8)
        assert outcome.exit_code == 1, outcome.output
        assert "ServingValidator failed: tensorflow_model_server ended with exit status 7" in outcome.output
        assert "cannot bind" in outcome.output
        assert run.nodes["ServingValidator"] == "failed"
        assert run.infra_blessed is None
