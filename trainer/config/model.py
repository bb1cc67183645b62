"""Settings of the model."""

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
