"""Values of a search, put in their places in the sections of a configuration."""

import copy
import logging
from typing import Any

logger = logging.getLogger("seq2seq.tuner")

# Names that Hyperband's own values begin with.
_OWN_VALUES = "tuner/"


def with_values(sections: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """A copy of `sections` in which each key of `values`, such as `model.dropout`, has its new value."""
    changed = copy.deepcopy(sections)
    for key, value in values.items():
        *parents, last = key.split(".")
        place = changed
        for parent in parents:
            if not isinstance(place.get(parent), dict):
                place[parent] = {}
            place = place[parent]
        place[last] = value
    return changed


def settings_of(values: dict[str, Any]) -> dict[str, Any]:
    """The values of KerasTuner's HyperParameters that are settings of the configuration."""
    return {key: value for key, value in values.items() if not key.startswith(_OWN_VALUES)}


def with_best_values(custom_config: dict[str, Any], hyperparameters: dict[str, Any] | None) -> dict[str, Any]:
    """The Trainer's custom_config with the best values of a search.

    Args:
        custom_config: As the configuration says.
        hyperparameters: The configuration of KerasTuner's HyperParameters; None where nothing was searched for.
    """
    if hyperparameters is None:
        return custom_config
    values = settings_of(hyperparameters["values"])
    logger.info(f"training with the best of the search: {told(values)}")
    return with_values(custom_config, values)


def told(values: dict[str, Any]) -> str:
    """Values as people read them: `model.dropout=0.25, training.learning_rate=0.0013`."""
    return ", ".join(f"{key}={told_value(value)}" for key, value in values.items())


def told_value(value: Any) -> str:
    """A value in as many digits as tell it from others."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
