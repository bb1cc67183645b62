"""Settings of the checks that data has to pass before anything is trained on it."""

from pydantic import Field

from transform.config import Section


class QualityConfig(Section):
    """What counts as a suspicious pair, and how many of them stop the run; without a limit they are only reported."""

    near_empty_tokens: int = Field(
        1, ge=1, description="A pair is near-empty when its source or its first target has fewer tokens than this."
    )
    extreme_length_ratio: float = Field(
        9.0,
        gt=1.0,
        allow_inf_nan=False,
        description="A pair is of extreme length ratio when one side has more than this many times the other's tokens.",
    )
    max_identical_pairs: float | None = Field(
        None, ge=0.0, le=1.0, description="Largest share of a split's pairs that repeat an earlier pair of the split."
    )
    max_shared_sources: float | None = Field(
        None,
        ge=0.0,
        le=1.0,
        description=(
            "Largest share of the examples of a split other than train whose source stands in another split as well."
        ),
    )
    max_near_empty: float | None = Field(
        None, ge=0.0, le=1.0, description="Largest share of a split's pairs that are near-empty."
    )
    max_extreme_length_ratio: float | None = Field(
        None, ge=0.0, le=1.0, description="Largest share of a split's pairs that are of extreme length ratio."
    )


class DistanceLimits(Section):
    """Largest distances between two distributions that are allowed; without a limit they are only reported."""

    l_infinity: float | None = Field(
        None, ge=0.0, le=1.0, description="Largest change of the share of any one value (L-infinity distance)."
    )
    jensen_shannon: float | None = Field(
        None, ge=0.0, le=1.0, description="Largest Jensen-Shannon divergence of the distributions, in bits."
    )


class DriftConfig(Section):
    """How far new data may be from the data that passed last, and served text from what was trained on."""

    lengths: DistanceLimits = Field(DistanceLimits(), description="Of lengths in tokens, of either side.")
    tokens: DistanceLimits = Field(DistanceLimits(), description="Of tokens, of either side.")
    slices: DistanceLimits = Field(DistanceLimits(), description="Of the values of each slice key.")
    max_unknown_increase: float | None = Field(
        None,
        ge=0.0,
        le=1.0,
        description="Largest increase of the share of tokens that the earlier training data does not know.",
    )
    min_examples: int = Field(
        1000,
        ge=1,
        description="A split with fewer examples than this, now or before, is measured but does not stop the run.",
    )
