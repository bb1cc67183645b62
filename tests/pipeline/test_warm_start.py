"""A pipeline whose training starts from the model that was blessed last."""

import pytest

from pipeline.config_file import load_config
from pipeline.history import read_runs
from tests.pipeline.toy_task import seq2seq, write_pairs, write_task

pytestmark = pytest.mark.tfx


def run(task):
    """Runs; gives what was shown, and the run."""
    outcome = seq2seq("run", task.config)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output, read_runs(load_config(task.config))[-1]


def test_training_starts_from_the_blessed_model_and_an_unchanged_run_is_cached(tmp_path):
    task = write_task(
        tmp_path,
        training={"epochs": 2, "batch_tokens": 256, "warm_start": "blessed"},
        serving={"validation": {"runner": "none"}},
    )
    output, first = run(task)
    assert "no model has been blessed yet; the first weights are random" in output
    output, again = run(task)
    assert again.nodes["Trainer"] == "cached", "the model blessed meanwhile was its own start"

    # Other letters in other numbers: the vocabularies change.
    write_pairs(tmp_path / "data" / "train.tsv", 600, seed=1, letters="édcbaxy")
    output, second = run(task)
    assert f"starting from the weights in {first.model_uri}/Format-Serving, which knows 14 of 18 source" in output
    _, again = run(task)
    assert (again.nodes["Trainer"], again.model_uri) == ("cached", second.model_uri)
