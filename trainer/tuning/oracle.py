"""KerasTuner's search space and algorithm, as the configuration describes them."""

import keras_tuner
from keras_tuner.oracles import BayesianOptimizationOracle, GridSearchOracle, HyperbandOracle, RandomSearchOracle

from trainer.config.tuner import SearchRange, TunerConfig
from trainer.metrics.names import LOWER_IS_BETTER

_BY_TRIALS = {"random": RandomSearchOracle, "grid": GridSearchOracle, "bayesian": BayesianOptimizationOracle}


def create_oracle(tuner: TunerConfig, metric: str, epochs: int, seed: int) -> keras_tuner.Oracle:
    """What chooses the values of the next trial.

    Args:
        tuner: How to search.
        metric: Name of the metric that tells which trial is better.
        epochs: Epochs of the longest trial.
        seed: Seed by which the choice can be repeated.
    """
    common = {
        "objective": keras_tuner.Objective(metric, "min" if metric in LOWER_IS_BETTER else "max"),
        "hyperparameters": search_space(tuner.space),
        "allow_new_entries": False,
        "tune_new_entries": False,
        "seed": seed + 1,  # KerasTuner takes 0 for no seed
        # Settings that cannot be trained with are worth knowing, however many follow each other.
        "max_consecutive_failed_trials": tuner.trials + 1,
    }
    if tuner.algorithm == "hyperband":
        oracle = HyperbandOracle(max_epochs=epochs, **common)
        oracle.max_trials = tuner.trials
    else:
        oracle = _BY_TRIALS[tuner.algorithm](max_trials=tuner.trials, **common)
    oracle.verbose = 0
    return oracle


def search_space(space: dict[str, SearchRange]) -> keras_tuner.HyperParameters:
    """The space as KerasTuner has it; its names are the keys of the configuration."""
    hyperparameters = keras_tuner.HyperParameters()
    for key, values in space.items():
        if values.choices is not None:
            _add_choices(hyperparameters, key, values.choices)
        else:
            add = hyperparameters.Int if values.whole else hyperparameters.Float
            add(key, values.min, values.max, step=values.step, sampling=values.sampling)
    return hyperparameters


def _add_choices(hyperparameters: keras_tuner.HyperParameters, key: str, choices: list) -> None:
    distinct = list(dict.fromkeys(choices))
    if isinstance(distinct[0], bool):
        # Choice makes numbers of them.
        if len(distinct) == 2:
            hyperparameters.Boolean(key, default=distinct[0])
        else:
            hyperparameters.Fixed(key, distinct[0])
        return
    if any(isinstance(choice, float) for choice in distinct):
        distinct = [float(choice) for choice in distinct]
    hyperparameters.Choice(key, distinct)
