"""Settings of the optimiser."""

from typing import Literal

import pydantic
from pydantic import Field

from transform.config import Section

OptimizerName = Literal["adam", "adamw", "adamax", "nadam", "adafactor", "adagrad", "rmsprop", "sgd", "lion"]

# The settings that not all optimisers have, and which have them.
SETTINGS: dict[OptimizerName, tuple[str, ...]] = {
    "adam": ("beta_1", "beta_2", "epsilon"),
    "adamw": ("beta_1", "beta_2", "epsilon", "weight_decay"),
    "adamax": ("beta_1", "beta_2", "epsilon", "weight_decay"),
    "nadam": ("beta_1", "beta_2", "epsilon", "weight_decay"),
    "adafactor": ("weight_decay",),
    "adagrad": ("epsilon", "weight_decay"),
    "rmsprop": ("beta_2", "epsilon", "momentum", "weight_decay"),
    "sgd": ("momentum", "weight_decay"),
    "lion": ("beta_1", "beta_2", "weight_decay"),
}


class OptimizerConfig(Section):
    """How gradients change the weights. What is none has the default that Keras gives the optimiser."""

    name: OptimizerName = Field("adam", description="The optimiser, as Keras has it.")
    learning_rate: float = Field(
        0.001,
        gt=0.0,
        le=10.0,
        description=(
            "Step size: the highest one where training.schedule changes it. Of adafactor a share of the size of the"
            " weights, 1 / sqrt(step) at most."
        ),
    )
    weight_decay: float | None = Field(
        None,
        ge=0.0,
        lt=1.0,
        description=(
            "Share of each weight, times the learning rate, taken off at each step; biases and other vectors are left"
            " alone. Not of adam: adamw is Adam with it."
        ),
    )
    beta_1: float | None = Field(
        None, ge=0.0, lt=1.0, description="Decay of the mean of gradients: adam, adamw, adamax, nadam, lion."
    )
    beta_2: float | None = Field(
        None,
        ge=0.0,
        lt=1.0,
        description="Decay of the mean of squared gradients: adam, adamw, adamax, nadam, lion, rmsprop (its rho).",
    )
    epsilon: float | None = Field(
        None,
        gt=0.0,
        le=1.0,
        description="What is added to what is divided by: adam, adamw, adamax, nadam, adagrad, rmsprop.",
    )
    momentum: float | None = Field(None, ge=0.0, lt=1.0, description="Share of the step before: sgd, rmsprop.")
    clip_norm: float | None = Field(
        5.0, gt=0.0, description="Global norm to which gradients are clipped; none: they are not."
    )
    accumulate_batches: int = Field(
        1,
        ge=1,
        le=10_000,
        description="Batches whose gradients make one step together, as one batch of all their pairs would.",
    )

    @pydantic.model_validator(mode="after")
    def _settings_belong_to_the_optimizer(self) -> "OptimizerConfig":
        own = SETTINGS[self.name]
        for key in ("weight_decay", "beta_1", "beta_2", "epsilon", "momentum"):
            if getattr(self, key) is not None and key not in own:
                advice = "; adamw is Adam with weight decay" if (self.name, key) == ("adam", "weight_decay") else ""
                raise ValueError(
                    f"{key} is {getattr(self, key):g}: {self.name} has no such setting, but {', '.join(own)}{advice}"
                )
        return self
