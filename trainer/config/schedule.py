"""Settings of the learning rate's course."""

from typing import Literal

import pydantic
from pydantic import Field

from transform.config import Section

# The settings that not all ways of decay have, and which have them.
SETTINGS: dict[str, tuple[str, ...]] = {
    "none": (),
    "inverse_square_root": (),
    "cosine": ("end_factor",),
    "linear": ("end_factor",),
    "plateau": ("plateau_factor", "plateau_patience", "end_factor"),
}


class ScheduleConfig(Section):
    """How the learning rate changes while the model trains."""

    decay: Literal["none", "inverse_square_root", "cosine", "linear", "plateau"] = Field(
        "none",
        description=(
            "After the warm-up. inverse_square_root: as 1 / sqrt(step). cosine, linear: down to end_factor at the last"
            " step. plateau: times plateau_factor whenever the metric of training.early_stopping has not become better"
            " for plateau_patience epochs."
        ),
    )
    warmup_steps: int = Field(
        0, ge=0, description="Steps in which the learning rate rises in equal parts up to optimizer.learning_rate."
    )
    end_factor: float | None = Field(
        None,
        ge=0.0,
        le=1.0,
        description=(
            "cosine, linear: the learning rate of the last step, as a share of optimizer.learning_rate. plateau: the"
            " lowest share. None: 0."
        ),
    )
    plateau_factor: float | None = Field(
        None, gt=0.0, lt=1.0, description="plateau: what the learning rate is multiplied by; none: 0.5."
    )
    plateau_patience: int | None = Field(
        None, ge=1, description="plateau: epochs without a better metric before the learning rate falls; none: 1."
    )

    @pydantic.model_validator(mode="after")
    def _settings_belong_to_the_decay(self) -> "ScheduleConfig":
        own = SETTINGS[self.decay]
        for key in ("end_factor", "plateau_factor", "plateau_patience"):
            if getattr(self, key) is not None and key not in own:
                having = ", ".join(name for name, keys in SETTINGS.items() if key in keys)
                raise ValueError(f"{key} is {getattr(self, key):g}, but decay is {self.decay!r}: it goes with {having}")
        if self.decay == "inverse_square_root" and not self.warmup_steps:
            raise ValueError("warmup_steps is 0: decay 'inverse_square_root' begins at its end, so it must be above 0")
        return self
