"""Settings of the model, its training, and its decoding."""

from typing import Literal

from pydantic import Field

from transform.config import Section


class ModelConfig(Section):
    """The architecture of the encoder-decoder."""

    cell: Literal["simple_rnn", "gru", "lstm"] = Field("lstm", description="Recurrent cell of encoder and decoder.")
    attention: Literal["none", "luong", "bahdanau"] = Field(
        "luong",
        description=(
            "luong: multiplicative, from the decoder's output. bahdanau: additive, from the decoder's previous state,"
            " the context being fed to the cell. none: the decoder sees only the encoder's final state."
        ),
    )
    embedding_size: int = Field(128, ge=1, le=8192, description="Width of source and target embeddings.")
    encoder_units: int = Field(128, ge=1, le=8192, description="Units of each encoder layer, per direction.")
    encoder_layers: int = Field(1, ge=1, le=16, description="Recurrent layers of the encoder.")
    bidirectional: bool = Field(True, description="Read the source in both directions.")
    decoder_units: int = Field(256, ge=1, le=8192, description="Units of each decoder layer.")
    decoder_layers: int = Field(1, ge=1, le=16, description="Recurrent layers of the decoder.")
    residual: bool = Field(False, description="Add a layer's input to its output where the widths agree.")
    dropout: float = Field(0.0, ge=0.0, lt=1.0, description="Share of values dropped between layers in training.")
    recurrent_dropout: float = Field(
        0.0, ge=0.0, lt=1.0, description="Share of the recurrent state dropped in training; rules out cuDNN."
    )


class TrainingConfig(Section):
    """How the model is trained."""

    epochs: int = Field(10, ge=1, description="Most passes over the training split.")
    max_steps: int | None = Field(None, ge=1, description="Most optimiser steps; none: epochs alone decide.")
    batch_tokens: int = Field(
        4096, ge=1, description="Token budget of a batch: pairs times the longer side of its length bucket."
    )
    max_batch_size: int = Field(512, ge=1, description="Most pairs in a batch, whatever the token budget allows.")
    shuffle_buffer: int = Field(20_000, ge=1, description="Pairs held in memory to draw the next one from.")
    learning_rate: float = Field(0.001, gt=0.0, le=10.0, description="Step size of Adam.")
    clip_norm: float = Field(5.0, gt=0.0, description="Global norm to which gradients are clipped.")
    early_stopping_patience: int = Field(
        3, ge=1, description="Epochs without a lower loss on the eval split after which training stops."
    )
    seed: int = Field(1, ge=0, lt=2**31, description="Seed of weights, shuffling and dropout.")
    log_every_seconds: float = Field(10.0, gt=0.0, description="Seconds between two lines of progress.")


class DecodingConfig(Section):
    """How the exported model decodes."""

    max_length: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="Most tokens to decode, the end token not counted; none: the target's max_length.",
    )
    top_tokens: int = Field(
        10, ge=1, le=1000, description="How many of the most probable tokens the step decoder names at each step."
    )
