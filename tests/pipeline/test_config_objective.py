"""Settings of the objective that cannot be used are refused by their key."""

import pytest

from pipeline.config_file import ConfigError, load_config

TASK = """
name: toy
data: {base: somewhere, inputs: [{pattern: train.tsv, splits: {train: 9, eval: 1}}]}
evaluation: {thresholds: [{metric: exact_match, at_least: 0.5}]}
"""


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["label_smoothing=1.0"], "training.objective.label_smoothing: found 1.0: input should be less than 1"),
        (["label_smoothing=-0.1"], "training.objective.label_smoothing: found -0.1"),
        (["guided_attention.width=0.0"], "training.objective.guided_attention.width: found 0.0"),
        (["guided_attention.weight=.nan"], "training.objective.guided_attention.weight: found nan"),
        (
            ["guided_attention.weight=1.0", "model.attention=none"],
            "training.objective.guided_attention.weight is 1, but model.attention is 'none'",
        ),
        (["r_drop=-1.0"], "training.objective.r_drop: found -1.0"),
        (
            ["r_drop=5.0"],
            "training.objective.r_drop is 5, but nothing is dropped: model.dropout, embedding_dropout and",
        ),
        (
            [
                "r_drop=5.0",
                "model.dropout=0.1",
                "scheduled_sampling.decay=constant",
                "scheduled_sampling.probability=0.9",
            ],
            "r_drop is 5, but scheduled_sampling.decay is 'constant': the two passes would read different tokens",
        ),
    ],
)
def test_bad_settings_are_refused(tmp_path, overrides, said):
    path = tmp_path / "toy.yaml"
    path.write_text(TASK, encoding="utf-8")
    keys = [key if key.startswith("model.") else f"training.objective.{key}" for key in overrides]
    with pytest.raises(ConfigError) as refusal:
        load_config(path, keys)
    assert said in str(refusal.value)


@pytest.mark.parametrize("key", ["dropout", "embedding_dropout", "recurrent_dropout"])
def test_any_dropout_makes_two_passes_differ(tmp_path, key):
    path = tmp_path / "toy.yaml"
    path.write_text(TASK, encoding="utf-8")
    config = load_config(path, ["training.objective.r_drop=5.0", f"model.{key}=0.1"])
    assert config.training.objective.r_drop == 5.0
