"""A pipeline that searches for settings before it trains with the best of them."""

import json

import pytest

from tests.pipeline.toy_task import seq2seq, write_task

pytestmark = pytest.mark.tfx


def test_the_model_is_trained_with_the_best_of_the_search(tmp_path):
    task = write_task(
        tmp_path,
        tuner={
            "enabled": True,
            "algorithm": "grid",
            "trials": 3,
            "max_steps": 10,
            "space": {
                "training.optimizer.learning_rate": {"choices": [1e-6, 0.01]},
                "model.decoder_units": {"choices": [32, 24]},
            },
        },
        serving={"validation": {"runner": "none"}},
    )
    outcome = seq2seq("run", task.config)
    assert outcome.exit_code == 0, outcome.output
    assert "✓ Tuner" in outcome.output
    artifacts = tmp_path / "runs" / "toy" / "artifacts"
    [results] = artifacts.glob("Tuner/tuner_results/*/tuner_results.json")
    trials = json.loads(results.read_text(encoding="utf-8"))
    assert len(trials) == 3
    best = min(trials, key=lambda trial: trial["score"])
    assert best["training.optimizer.learning_rate"] == 0.01

    told = "training with the best of the search: model.decoder_units=32, training.optimizer.learning_rate=0.01"
    assert told in " ".join(outcome.output.split())
    [record] = artifacts.glob("Trainer/model/*/Format-Serving/assets.extra/training/weights.json")
    assert json.loads(record.read_text(encoding="utf-8"))["model"]["decoder_units"] == best["model.decoder_units"]
