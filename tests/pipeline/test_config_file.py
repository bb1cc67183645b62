"""Configurations are read strictly: what is refused names the file, the key, what was found and what is allowed."""

import pathlib

import pytest
import yaml

from pipeline.config_file import ConfigError, dump_config, load_config

MINIMAL = """
name: toy
data:
  base: somewhere
  inputs:
    - {pattern: train.tsv, splits: {train: 9, eval: 1}}
evaluation:
  thresholds:
    - {metric: exact_match, at_least: 0.5}
"""


@pytest.fixture
def config_file(tmp_path):
    path = tmp_path / "toy.yaml"
    path.write_text(MINIMAL, encoding="utf-8")
    return path


def test_defaults_are_filled_in_and_the_dump_reads_back_equal(config_file, tmp_path):
    config = load_config(config_file)
    assert config.model.cell == "lstm"
    assert config.evaluation.split == "eval"
    dumped = tmp_path / "dumped.yaml"
    dumped.write_text(dump_config(config), encoding="utf-8")
    assert load_config(dumped) == config


def test_overrides_win_and_reach_into_lists(config_file):
    config = load_config(
        config_file,
        [
            "training.epochs=3",
            "model.cell=gru",
            "data.inputs.0.splits={train: 1, eval: 1}",
            "training.optimizer.learning_rate=1e-4",
        ],
    )
    assert config.training.epochs == 3
    assert config.model.cell == "gru"
    assert config.data.inputs[0].splits == {"train": 1, "eval": 1}
    assert config.training.optimizer.learning_rate == 1e-4


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model.cel=gru", "model.cel: unknown key; did you mean cell?"),
        ("model.cell=gur", "model.cell: found 'gur': input should be 'simple_rnn', 'gru' or 'lstm'"),
        ("training.epochs=0", "training.epochs: found 0: input should be greater than or equal to 1"),
        ("training.epochs='3'", "training.epochs: found '3': input should be a valid integer"),
        ("model.dropout=1.0", "model.dropout: found 1.0: input should be less than 1"),
        (
            "data.span='24-1-31'",
            "data.span: found '24-1-31': wanted a whole number from 0 on, or a date, as 2024-01-31",
        ),
        ("data.span=2024-02-30", "--set data.span=2024-02-30:1: 2024-02-30 is no date: day is out of range for month"),
        ("name=Upper Case", "name: found 'Upper Case'"),
        ("data.inputs.0.splits.train=0", "data.inputs.0.splits: weight of split 'train' is 0"),
        ("data.inputs.0.splits={train: 1}", "no input goes to split eval"),
        ("data.inputs.0.further=1", "data.inputs.0.further: unknown key"),
        ("data.inputs.7.pattern=x", "'7' is no index of a list of 1"),
        ("data.source=target", "source and target are both 'target'"),
        ("data.slice_keys=[domain]", "column 'domain' is not among columns"),
        ("data.inputs.0.target_pattern=x", "target_pattern goes with format aligned"),
        ("evaluation.split=test", "evaluation.split is 'test': data.inputs feed eval, train"),
        ("evaluation.slice_by=[domain]", "evaluation.slice_by has 'domain'"),
        ("evaluation.thresholds=[{metric: bleu}]", "at_most, max_regression and max_p_value is needed"),
        ("evaluation.metrics=[bleu]", "'exact_match' is not among metrics"),
        ("evaluation.length_buckets=[20, 10]", "must rise"),
        ("model.share_embeddings=true", "model.share_embeddings is true, but shared_vocabulary is false"),
        ("source={unit: word}", None),
        ("training", "wanted KEY=VALUE"),
        ("name.x=1", "'name' is a value, not a section"),
    ],
)
def test_a_bad_setting_is_refused_with_its_key(config_file, override, said):
    overrides = [override] if said else [override, "shared_vocabulary=true"]
    with pytest.raises(ConfigError) as refusal:
        load_config(config_file, overrides)
    assert (said or "source.unit is 'word' and target.unit is 'char'") in str(refusal.value)


def test_every_fault_is_told_at_once(config_file):
    with pytest.raises(ConfigError) as refusal:
        load_config(config_file, ["training.epochs=0", "model.layers=2"])
    assert len(str(refusal.value).splitlines()) == 2
    assert all(line.startswith(str(config_file)) for line in str(refusal.value).splitlines())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: a\nname: b\n", "toy.yaml:2: key 'name' is given a second time"),
        ("- 1\n", "found list, wanted a mapping"),
        ("name: [\n", "toy.yaml:2:"),
        ("name: a\ndata:\n  span: 2024-02-30\n", "toy.yaml:3: 2024-02-30 is no date"),
        ("", "found NoneType"),
    ],
)
def test_what_is_no_mapping_is_refused_with_its_line(config_file, text, said):
    config_file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"toy\.yaml") as refusal:
        load_config(config_file)
    assert said in str(refusal.value)


def test_a_missing_file_and_one_that_is_not_utf8_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: cannot be read"):
        load_config(tmp_path / "nowhere.yaml")
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("name: \u00e9".encode("latin-1"))
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(latin)


@pytest.mark.parametrize(
    "name", sorted(path.name for path in (pathlib.Path(__file__).parents[2] / "configs").iterdir())
)
def test_every_shipped_config_is_valid(name):
    path = pathlib.Path(__file__).parents[2] / "configs" / name
    assert load_config(path).name == yaml.safe_load(path.read_text(encoding="utf-8"))["name"]
