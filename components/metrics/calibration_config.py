"""Settings of calibration."""

import pydantic
from pydantic import Field

from transform.config import Section


class CalibrationConfig(Section):
    """How a model's confidence in its answers is held against what of them is right."""

    bins: int = Field(10, ge=2, le=100, description="Bins of the reliability curve, of equal width.")
    precisions: list[float] = Field(
        [0.9, 0.95, 0.99],
        description=(
            "Shares of right answers for which a threshold is looked for, above which the model may answer and below"
            " which it should abstain; empty: none."
        ),
    )

    @pydantic.field_validator("precisions")
    @classmethod
    def _are_shares(cls, precisions: list[float]) -> list[float]:
        if any(not 0.0 < precision <= 1.0 for precision in precisions):
            raise ValueError(f"{precisions} has one that is no share: allowed are numbers above 0 and up to 1")
        if sorted(set(precisions)) != precisions:
            raise ValueError(f"{precisions} must rise")
        return precisions
