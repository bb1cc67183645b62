"""Settings of when training stops, and of which epoch is the best."""

from pydantic import Field

from transform.config import Section


class EarlyStoppingConfig(Section):
    """When training stops because it gets no better."""

    patience: int | None = Field(
        3, ge=1, description="Epochs without a lower loss on the eval split after which training stops; none: never."
    )
    min_delta: float = Field(
        0.0, ge=0.0, description="How much better an epoch must be than the best before for patience to start anew."
    )
