"""Settings of what training brings down."""

from typing import Literal

import pydantic
from pydantic import Field

from transform.config import Section


class GuidedAttentionConfig(Section):
    """A penalty for attention far from the diagonal of source and target, for tasks where both run in step."""

    weight: float = Field(0.0, ge=0.0, le=1000.0, description="Factor of the penalty in each token's loss; 0: none.")
    width: float = Field(
        0.2,
        gt=0.0,
        le=10.0,
        description="How far from the diagonal attention may be at little cost, as a share of the length.",
    )


# What each decay of scheduled sampling needs, and what it may have.
_NEEDED = {
    "none": (),
    "constant": ("probability",),
    "linear": ("slope",),
    "exponential": ("base",),
    "inverse_sigmoid": ("steepness",),
}
_ALLOWED = {"linear": ("start", "minimum"), "exponential": ("minimum",), "inverse_sigmoid": ("minimum",)}


class ScheduledSamplingConfig(Section):
    """Reading tokens of the model's own beside the true ones in training (Bengio et al. 2015), i steps being taken."""

    decay: Literal["none", "constant", "linear", "exponential", "inverse_sigmoid"] = Field(
        "none",
        description=(
            "How the probability falls that the decoder reads a true token. none: it reads no others. constant:"
            " probability. linear: start - slope * i. exponential: base ** i. inverse_sigmoid: steepness / (steepness +"
            " exp(i / steepness))."
        ),
    )
    probability: float | None = Field(
        None, ge=0.0, le=1.0, description="Decay constant: probability of the true token."
    )
    start: float = Field(1.0, ge=0.0, le=1000.0, description="Decay linear: value at the first step, cut to 1.")
    slope: float | None = Field(None, ge=0.0, le=1.0, description="Decay linear: how much it falls at each step.")
    base: float | None = Field(None, gt=0.0, lt=1.0, description="Decay exponential: factor of each step.")
    steepness: float | None = Field(
        None, ge=1.0, le=1e9, description="Decay inverse_sigmoid: the larger, the later and the slower the fall."
    )
    minimum: float = Field(0.0, ge=0.0, le=1.0, description="Lowest probability of the true token.")
    choice: Literal["sample", "argmax"] = Field(
        "sample", description="The model's own token: drawn from its distribution, or the most probable one."
    )

    @pydantic.model_validator(mode="after")
    def _settings_fit_the_decay(self) -> "ScheduledSamplingConfig":
        for key in _NEEDED[self.decay]:
            if getattr(self, key) is None:
                raise ValueError(f"decay is {self.decay!r}, which needs {key}")
        allowed = ("decay", "choice", *_NEEDED[self.decay], *_ALLOWED.get(self.decay, ()))
        for key, field in type(self).model_fields.items():
            if key not in allowed and getattr(self, key) != field.default:
                raise ValueError(f"{key} is {getattr(self, key)}, but decay is {self.decay!r}, which has no {key}")
        return self


class ObjectiveConfig(Section):
    """What training brings down; evaluation measures plain cross entropy, whatever is set here."""

    label_smoothing: float = Field(
        0.0,
        ge=0.0,
        lt=1.0,
        description="Share of the target distribution that all tokens get alike, padding and start token left out.",
    )
    r_drop: float = Field(
        0.0,
        ge=0.0,
        le=1000.0,
        description=(
            "Factor of how far two passes over the same pairs are apart, which dropout makes differ (R-Drop, Liang et"
            " al. 2021); 0: one pass."
        ),
    )
    guided_attention: GuidedAttentionConfig = Field(GuidedAttentionConfig(), description=GuidedAttentionConfig.__doc__)
    scheduled_sampling: ScheduledSamplingConfig = Field(
        ScheduledSamplingConfig(), description=ScheduledSamplingConfig.__doc__
    )

    @pydantic.model_validator(mode="after")
    def _passes_read_the_same(self) -> "ObjectiveConfig":
        decay = self.scheduled_sampling.decay
        if self.r_drop and decay != "none":
            raise ValueError(
                f"r_drop is {self.r_drop:g}, but scheduled_sampling.decay is {decay!r}: the two passes would read"
                " different tokens"
            )
        return self
