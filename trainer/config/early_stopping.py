"""Settings of when training stops, and of which epoch is the best."""

from typing import Literal

from pydantic import Field

from transform.config import Section

# Metrics of teacher forcing, and those that take decoding.
FORCED_METRICS = ("loss_per_token", "token_accuracy")
DECODED_METRICS = ("exact_match", "bleu", "chrf", "ter", "word_error_rate", "token_error_rate")


class EarlyStoppingConfig(Section):
    """By what an epoch is judged, and when training stops because it gets no better."""

    metric: Literal[FORCED_METRICS + DECODED_METRICS] = Field(
        "loss_per_token",
        description=(
            "What tells the best epoch, on the eval split; early stopping and decay plateau go by it. loss_per_token"
            " and token_accuracy are of teacher forcing on all pairs, the others of text decoded from a sample."
        ),
    )
    sample: int = Field(
        1000,
        ge=1,
        le=1_000_000,
        description="Metrics of decoded text: pairs drawn by training.seed, once for all epochs.",
    )
    beam_size: int = Field(1, ge=1, le=100, description="Metrics of decoded text: beam of decoding; 1: greedy search.")
    patience: int | None = Field(
        3, ge=1, description="Epochs without a better metric after which training stops; none: never."
    )
    min_delta: float = Field(
        0.0, ge=0.0, description="How much better an epoch must be than the best before for patience to start anew."
    )
