"""Settings of the averaging of weights."""

from pydantic import Field

from transform.config import Section


class AveragingConfig(Section):
    """Means of the weights over the training: what is evaluated, chosen and exported."""

    ema_decay: float | None = Field(
        None,
        gt=0.0,
        lt=1.0,
        description=(
            "Decay of an exponential moving average of the weights, min(ema_decay, (1 + step) / (10 + step)) at each"
            " step; none: no such average."
        ),
    )
    checkpoints: int = Field(
        1,
        ge=1,
        le=100,
        description="How many of the best epochs' weights the exported ones are the mean of; 1: the best epoch's.",
    )
