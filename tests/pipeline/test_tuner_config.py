"""A search space is checked against the whole configuration when it is read."""

import pytest
import yaml

from pipeline.config_file import ConfigError, load_config


def load(folder, space, **sections):
    settings = {
        "name": "toy",
        "data": {"base": ".", "inputs": [{"pattern": "*.tsv", "splits": {"train": 8, "eval": 2}}]},
        "evaluation": {"metrics": ["bleu"], "thresholds": [{"metric": "bleu", "at_least": 1.0}]},
        "tuner": {"enabled": True, "space": space},
        **sections,
    }
    path = folder / "task.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return load_config(path)


def test_a_space_that_can_be_used(tmp_path):
    space = {"model.dropout": {"min": 0.0, "max": 0.5}, "training.optimizer.name": {"choices": ["adam", "sgd"]}}
    config = load(tmp_path, space)
    assert list(config.tuner.space) == list(space)
    assert type(config).model_validate(config.model_dump()) == config


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"model.dropuot": {"min": 0.0, "max": 0.5}}, "'model.dropuot' with 0.0: model.dropuot is no key of the conf"),
        ({"model.dropout": {"min": 0.0, "max": 1.0}}, "'model.dropout' with 1.0: Input should be less than 1"),
        ({"model.encoder_units": {"min": 16.0, "max": 64.0}}, "'model.encoder_units' with 16.0: Input should be a val"),
        ({"model.cell": {"choices": ["gru", "rnn"]}}, "'model.cell' with 'rnn': Input should be 'simple_rnn'"),
        ({"model.dropout": {"mni": 0.0, "max": 0.5}}, "tuner.space.model.dropout.mni: unknown key; did you mean min?"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_key(tmp_path, space, message):
    with pytest.raises(ConfigError) as error:
        load(tmp_path, space)
    assert message in str(error.value)


def test_the_architecture_is_not_searched_where_it_is_given_by_a_model_to_start_from(tmp_path):
    warm = {"training": {"warm_start": "blessed"}}
    load(tmp_path, {"model.dropout": {"min": 0.0, "max": 0.5}}, **warm)
    with pytest.raises(ConfigError, match=r"'model\.cell', but training\.warm_start is 'blessed'"):
        load(tmp_path, {"model.cell": {"choices": ["gru", "lstm"]}}, **warm)


def test_a_search_runs_on_one_machine(tmp_path):
    space, distribution = {"model.dropout": {"min": 0.0, "max": 0.5}}, {"strategy": "mirrored"}
    load(tmp_path, space, training={"distribution": distribution})
    with pytest.raises(ConfigError, match="a search runs on one machine"):
        load(tmp_path, space, training={"distribution": {"strategy": "multi_worker_mirrored"}})
