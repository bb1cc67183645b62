"""Settings of training."""

from typing import Literal

from pydantic import Field

from trainer.config.averaging import AveragingConfig
from trainer.config.checkpoints import CheckpointsConfig
from trainer.config.distribution import DistributionConfig
from trainer.config.early_stopping import EarlyStoppingConfig
from trainer.config.objective import ObjectiveConfig
from trainer.config.optimizer import OptimizerConfig
from trainer.config.schedule import ScheduleConfig
from transform.config import Section

Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]


class TrainingConfig(Section):
    """How the model is trained."""

    epochs: int = Field(10, ge=1, description="Most passes over the training split.")
    max_steps: int | None = Field(None, ge=1, description="Most optimiser steps; none: epochs alone decide.")
    batch_tokens: int = Field(
        4096, ge=1, description="Token budget of a batch: pairs times the longer side of its length bucket."
    )
    max_batch_size: int = Field(512, ge=1, description="Most pairs in a batch, whatever the token budget allows.")
    shuffle_buffer: int = Field(20_000, ge=1, description="Pairs held in memory to draw the next one from.")
    precision: Precision = Field(
        "float32",
        description=(
            "mixed_bfloat16, mixed_float16: in training, products with weights read their operands in 16 bits; weights,"
            " sums and all else remain float32, as does the exported model. float16 comes with a loss scale. On CPUs"
            " without instructions for it, it is slower."
        ),
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
    optimizer: OptimizerConfig = Field(OptimizerConfig(), description=OptimizerConfig.__doc__)
    schedule: ScheduleConfig = Field(ScheduleConfig(), description=ScheduleConfig.__doc__)
    averaging: AveragingConfig = Field(AveragingConfig(), description=AveragingConfig.__doc__)
    early_stopping: EarlyStoppingConfig = Field(EarlyStoppingConfig(), description=EarlyStoppingConfig.__doc__)
    distribution: DistributionConfig = Field(DistributionConfig(), description=DistributionConfig.__doc__)
    checkpoints: CheckpointsConfig = Field(CheckpointsConfig(), description=CheckpointsConfig.__doc__)
    log_every_seconds: float = Field(10.0, gt=0.0, description="Seconds between two lines of progress.")
