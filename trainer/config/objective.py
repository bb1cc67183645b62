"""Settings of what training brings down."""

from pydantic import Field

from transform.config import Section


class ObjectiveConfig(Section):
    """What training brings down; evaluation measures plain cross entropy, whatever is set here."""

    label_smoothing: float = Field(
        0.0,
        ge=0.0,
        lt=1.0,
        description="Share of the target distribution that all tokens get alike, padding and start token left out.",
    )
