"""The search: which values are tried, what becomes of trials that fail, and what people see of it."""

import logging
import math

import pydantic
import pytest

from trainer.config.tuner import SearchRange, TunerConfig
from trainer.tuning.oracle import create_oracle
from trainer.tuning.search import SettingsTuner
from trainer.tuning.values import with_best_values, with_values

RATE, UNITS, RESIDUAL, CELL = (
    *("training.optimizer.learning_rate", "model.decoder_units"),
    *("model.residual", "model.cell"),
)
SPACE = {
    RATE: SearchRange(min=0.001, max=0.1, sampling="log"),
    UNITS: SearchRange(min=16, max=64, step=16),
    RESIDUAL: SearchRange(choices=[False, True]),
    CELL: SearchRange(choices=["gru", "lstm"]),
}


def search(folder, train, seed=1, epochs=9, metric="loss_per_token", **settings):
    """A search in a folder, run to its end; `train` maps settings to the objective's value."""
    tuner = TunerConfig(enabled=True, **{"space": SPACE, "trials": 6, **settings})
    found = SettingsTuner(create_oracle(tuner, metric, epochs, seed), train, str(folder))
    found.search()
    return found


def distance(values, epochs, directory):
    """Least for a learning rate of 0.01 and 32 units."""
    return abs(math.log10(values[RATE]) + 2) + abs(values[UNITS] - 32) / 16


def tried(tuner):
    return [tuner.oracle.trials[trial].hyperparameters.values for trial in tuner.oracle.start_order]


@pytest.mark.parametrize("algorithm", ["random", "bayesian", "hyperband"])
def test_all_values_are_within_the_space_and_the_best_is_found(tmp_path, algorithm):
    tuner = search(tmp_path, distance, algorithm=algorithm, trials=12)
    values = tried(tuner)
    assert 8 <= len(values) <= 12
    for value in values:
        assert 0.001 <= value[RATE] <= 0.1
        assert value[UNITS] in (16, 32, 48, 64)
        assert isinstance(value[UNITS], int)
        assert isinstance(value[RESIDUAL], bool)
        assert value[CELL] in ("gru", "lstm")
    best = tuner.get_best_hyperparameters()[0].values
    assert distance(best, None, None) == min(distance(value, None, None) for value in values)


def test_more_is_better_for_metrics_such_as_bleu(tmp_path):
    tuner = search(tmp_path, lambda values, *_: values[RATE], metric="bleu")
    assert tuner.get_best_hyperparameters()[0].values[RATE] == max(value[RATE] for value in tried(tuner))


def test_a_grid_has_all_combinations(tmp_path):
    space = {UNITS: SPACE[UNITS], "model.dropout": SearchRange(choices=[0, 0.2]), RESIDUAL: SPACE[RESIDUAL]}
    values = tried(search(tmp_path, lambda *_: 1.0, algorithm="grid", trials=100, space=space))
    assert len(values) == len({tuple(value.values()) for value in values}) == 4 * 2 * 2
    assert {type(value["model.dropout"]) for value in values} == {float}


def test_the_same_seed_tries_the_same_values(tmp_path):
    first, second, other = (tried(search(tmp_path / str(i), distance, seed=seed)) for i, seed in enumerate((0, 0, 1)))
    assert first == second != other


def test_hyperband_trains_the_best_for_longer(tmp_path):
    lengths = []

    def train(values, epochs, directory):
        lengths.append(epochs)
        return distance(values, epochs, directory)

    search(tmp_path, train, algorithm="hyperband", trials=20)
    assert min(lengths) == 1
    assert max(lengths) == 9
    assert lengths.index(9) > lengths.index(1)


def test_trials_that_fail_do_not_stop_the_search(tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="seq2seq.tuner")
    count = iter(range(100))

    def train(values, epochs, directory):
        if next(count) < 5:
            raise FloatingPointError("the training loss is nan")
        return distance(values, epochs, directory)

    tuner = search(tmp_path, train)
    assert tuner.get_best_hyperparameters()[0].values == tried(tuner)[5]
    tuner.results_summary()
    assert "trial 1 of at most 6 failed: the training loss is nan" in caplog.text
    table = [message.split() for message in caplog.messages[-8:]]
    assert table[0] == ["trial", "loss_per_token", *SPACE]
    assert [row[:2] for row in table[2:7]] == [[str(number), "failed"] for number in range(1, 6)]
    assert table[1][0] == "6"
    assert caplog.messages[-1].startswith("best values: training.optimizer.learning_rate=0.")


def test_a_search_in_which_all_trials_fail_is_an_error(tmp_path):
    def train(*_):
        raise FloatingPointError("the training loss is nan")

    with pytest.raises(RuntimeError, match="none of 6 trials could be trained to its end"):
        search(tmp_path, train)


def test_other_errors_stop_the_search(tmp_path):
    def train(*_):
        raise FileNotFoundError("train split: no file matches /data/*")

    with pytest.raises(Exception, match=r"trial 1 of at most 6 \(.*decoder_units.*train split: no file matches"):
        search(tmp_path, train)


def test_a_search_that_was_stopped_goes_on(tmp_path):
    def stop(values, epochs, directory):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(values)
        return distance(values, epochs, directory)

    done = []
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path, stop)
    again = []
    tuner = search(tmp_path, lambda values, *rest: again.append(values) or distance(values, *rest))
    assert len(again) == 4, "two were done"
    assert tried(tuner) == tried(search(tmp_path / "whole", distance))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "wanted either choices, or min and max"),
        ({"min": 1}, "wanted either choices, or min and max"),
        ({"choices": [1], "min": 1, "max": 2}, "wanted either choices, or min and max"),
        ({"choices": []}, "at least 1 item"),
        ({"choices": [1, "a"]}, "wanted values of one type"),
        ({"choices": [1, True]}, "wanted values of one type"),
        ({"choices": [1, 2], "step": 1}, "step go with min and max"),
        ({"min": 2, "max": 1}, "wanted a greater max"),
        ({"min": 0, "max": 1, "sampling": "log"}, "must be above 0"),
        ({"min": 1, "max": 8, "sampling": "log", "step": 1}, "must be above 1"),
        ({"min": 1, "max": 8, "step": 0.5}, "between the whole numbers 1 and 8"),
    ],
)
def test_a_range_that_is_none_is_refused(settings, message):
    with pytest.raises(pydantic.ValidationError, match=message):
        SearchRange(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"space": {}}, "space names no setting"),
        ({"space": {"decoding.beam_size": SearchRange(min=1, max=5)}}, "'decoding.beam_size': wanted a key of section"),
        ({"space": {"model": SearchRange(min=1, max=5)}}, "'model': wanted a key of section"),
        ({"space": {"training.epochs": SearchRange(min=1, max=5)}}, "'training.epochs', which cannot be searched"),
        ({"space": {"training.early_stopping.metric": SearchRange(choices=["bleu"])}}, "which cannot be searched"),
    ],
)
def test_a_space_that_cannot_be_searched_is_refused(settings, message):
    with pytest.raises(pydantic.ValidationError, match=message):
        TunerConfig(enabled=True, **settings)


def test_best_values_are_put_in_their_places_and_told(caplog):
    caplog.set_level(logging.INFO, logger="seq2seq.tuner")
    config = {"model": {"dropout": 0.1, "cell": "gru"}, "training": {"optimizer": {"learning_rate": 0.1}}, "other": 1}
    found = {"values": {"model.dropout": 0.25, RATE: 0.012345, "tuner/epochs": 3}, "space": []}
    assert with_best_values(config, found) == {
        "model": {"dropout": 0.25, "cell": "gru"},
        "training": {"optimizer": {"learning_rate": 0.012345}},
        "other": 1,
    }
    assert config["model"]["dropout"] == 0.1
    expected = "training with the best of the search: model.dropout=0.25, training.optimizer.learning_rate=0.01235"
    assert caplog.messages == [expected]
    assert with_best_values(config, None) is config


def test_a_value_may_open_a_section_that_is_none():
    assert with_values({"model": {"extra": None}}, {"model.extra.width": 3}) == {"model": {"extra": {"width": 3}}}
