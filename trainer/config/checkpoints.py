"""Settings of the checkpoints from which an interrupted training goes on."""

from pydantic import Field

from transform.config import Section


class CheckpointsConfig(Section):
    """How often training is saved, so that it can go on after an interruption; it is after each epoch in any case."""

    every_seconds: float = Field(300.0, gt=0.0, description="Seconds from one checkpoint to the next.")
    every_steps: int | None = Field(None, ge=1, description="Steps from one to the next, in place of every_seconds.")
    keep: int = Field(2, ge=1, le=1000, description="Newest checkpoints that are kept while the training goes on.")
