"""Settings of what training brings down."""

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


class ObjectiveConfig(Section):
    """What training brings down; evaluation measures plain cross entropy, whatever is set here."""

    label_smoothing: float = Field(
        0.0,
        ge=0.0,
        lt=1.0,
        description="Share of the target distribution that all tokens get alike, padding and start token left out.",
    )
    guided_attention: GuidedAttentionConfig = Field(GuidedAttentionConfig(), description=GuidedAttentionConfig.__doc__)
