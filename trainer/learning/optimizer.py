"""The optimiser that the configuration names."""

import keras

from trainer.config.optimizer import SETTINGS, OptimizerConfig, OptimizerName
from trainer.config.training import Precision
from trainer.distribution.replicas import use_summed_gradients
from trainer.learning.adam import Adam, AdamW

_OPTIMIZERS: dict[OptimizerName, type[keras.optimizers.Optimizer]] = {
    "adam": Adam,
    "adamw": AdamW,
    "adamax": keras.optimizers.Adamax,
    "nadam": keras.optimizers.Nadam,
    "adafactor": keras.optimizers.Adafactor,
    "adagrad": keras.optimizers.Adagrad,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
    "lion": keras.optimizers.Lion,
}


def create_optimizer(
    config: OptimizerConfig, variables: list[keras.Variable], precision: Precision = "float32"
) -> keras.optimizers.Optimizer:
    """The optimiser of `variables`, with `config.learning_rate` until another one is assigned.

    Where several devices train together, it wants gradients that are summed over them.

    Args:
        config: The optimiser's settings.
        variables: What it will change. Weight decay is for those of them that multiply: no biases, no vectors.
        precision: float16 has so few small numbers that the optimiser then scales the loss, by a factor that it finds.
    """
    settings = {key: getattr(config, key) for key in SETTINGS[config.name] if getattr(config, key) is not None}
    if config.name == "rmsprop" and "beta_2" in settings:
        settings["rho"] = settings.pop("beta_2")
    optimizer = _OPTIMIZERS[config.name](config.learning_rate, global_clipnorm=config.clip_norm, **settings)
    if optimizer.weight_decay:
        optimizer.exclude_from_weight_decay([variable for variable in variables if not _decays(variable)])
    use_summed_gradients(optimizer)
    if precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(variables)
    return optimizer


def _decays(variable: keras.Variable) -> bool:
    # A GRU's bias has two rows.
    return len(variable.shape) > 1 and variable.name != "bias"
