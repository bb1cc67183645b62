"""Settings of training."""

from pydantic import Field

from trainer.config.objective import ObjectiveConfig
from transform.config import Section


class TrainingConfig(Section):
    """How the model is trained."""

    epochs: int = Field(10, ge=1, description="Most passes over the training split.")
    max_steps: int | None = Field(None, ge=1, description="Most optimiser steps; none: epochs alone decide.")
    batch_tokens: int = Field(
        4096, ge=1, description="Token budget of a batch: pairs times the longer side of its length bucket."
    )
    max_batch_size: int = Field(512, ge=1, description="Most pairs in a batch, whatever the token budget allows.")
    shuffle_buffer: int = Field(20_000, ge=1, description="Pairs held in memory to draw the next one from.")
    learning_rate: float = Field(0.001, gt=0.0, le=10.0, description="Step size of Adam.")
    clip_norm: float = Field(5.0, gt=0.0, description="Global norm to which gradients are clipped.")
    early_stopping_patience: int = Field(
        3, ge=1, description="Epochs without a lower loss on the eval split after which training stops."
    )
    warm_start: str = Field(
        "none",
        min_length=1,
        description=(
            "Where the first weights come from. none: random. blessed: the model of this task that was blessed last;"
            " random where there is none yet. Anything else: the folder of an exported model."
        ),
    )
    seed: int = Field(1, ge=0, lt=2**31, description="Seed of weights, shuffling and dropout.")
    objective: ObjectiveConfig = Field(ObjectiveConfig(), description=ObjectiveConfig.__doc__)
    log_every_seconds: float = Field(10.0, gt=0.0, description="Seconds between two lines of progress.")
