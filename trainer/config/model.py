"""Settings of the model."""

from typing import Literal

import pydantic
from pydantic import Field

from transform.config import Section


class ModelConfig(Section):
    """The architecture of the encoder-decoder."""

    cell: Literal["simple_rnn", "gru", "lstm"] = Field("lstm", description="Recurrent cell of encoder and decoder.")
    attention: Literal["none", "dot", "general", "additive", "multi_head"] = Field(
        "general",
        description=(
            "How a query of the decoder is compared with the encoder's outputs. dot: their inner product. general:"
            " the same with a matrix between them (Luong et al. 2015). additive: a layer of tanh (Bahdanau et al."
            " 2015). multi_head: inner products of several projections (Vaswani et al. 2017). none: the decoder sees"
            " only the encoder's final states."
        ),
    )
    attention_place: Literal["after", "before", "input_feeding"] = Field(
        "after",
        description=(
            "after: with the output of the recurrent layers, for all steps of a training at once. before: with the"
            " output of the step before, the context being fed to the lowest layer (Bahdanau et al. 2015)."
            " input_feeding: after, the attentional vector being fed to the next step's lowest layer (Luong et al."
            " 2015, section 3.3)."
        ),
    )
    attention_scaled: bool = Field(
        False,
        description=(
            "Divide scores by the square root of the keys' width; additive: give the score's vector a length that is"
            " learned. multi_head is meant to be scaled."
        ),
    )
    attention_heads: int = Field(
        4, ge=1, le=64, description="Heads of multi_head attention, which share decoder_units equally."
    )
    embedding_size: int = Field(128, ge=1, le=8192, description="Width of source and target embeddings.")
    encoder_units: int = Field(128, ge=1, le=8192, description="Units of each encoder layer, per direction.")
    encoder_layers: int = Field(1, ge=1, le=16, description="Recurrent layers of the encoder.")
    bidirectional: bool = Field(True, description="Read the source in both directions.")
    decoder_units: int = Field(256, ge=1, le=8192, description="Units of each decoder layer.")
    decoder_layers: int = Field(1, ge=1, le=16, description="Recurrent layers of the decoder.")
    residual: bool = Field(False, description="Add a layer's input to its output where the widths agree.")
    layer_normalization: bool = Field(
        False,
        description=(
            "Normalise the outputs of each recurrent layer (Ba et al. 2016), before the residual addition; the"
            " recurrence itself stays as it is."
        ),
    )
    tie_target_embedding: bool = Field(
        False,
        description=(
            "Logits from the target embeddings (Press and Wolf 2017) instead of a matrix of their own; decoder_units"
            " must then equal embedding_size."
        ),
    )
    share_embeddings: bool = Field(
        False, description="One matrix of embeddings for source and target; needs shared_vocabulary."
    )
    dropout: float = Field(0.0, ge=0.0, lt=1.0, description="Share of values dropped between layers in training.")
    variational_dropout: bool = Field(
        False, description="Drop the same values between layers at all steps of a sequence (Gal and Ghahramani 2016)."
    )
    embedding_dropout: float = Field(
        0.0,
        ge=0.0,
        lt=1.0,
        description="Share of tokens dropped in training, each wherever it stands in a sequence (the same paper).",
    )
    recurrent_dropout: float = Field(
        0.0, ge=0.0, lt=1.0, description="Share of the recurrent state dropped in training; rules out cuDNN."
    )

    @pydantic.model_validator(mode="after")
    def _settings_agree(self) -> "ModelConfig":
        if self.attention == "none":
            for key in ("attention_place", "attention_scaled"):
                value = getattr(self, key)
                if value != type(self).model_fields[key].default:
                    raise ValueError(f"{key} is {value!r}, but attention is 'none'")
        if self.attention == "dot" and self.decoder_units != self.encoder_output_width:
            directions = "2 directions" if self.bidirectional else "1 direction"
            raise ValueError(
                f"attention is 'dot', which needs decoder_units to be the width of the encoder's output: decoder_units"
                f" is {self.decoder_units}, encoder_units {self.encoder_units} x {directions} is"
                f" {self.encoder_output_width}; make them equal, or choose 'general'"
            )
        if self.attention == "multi_head" and self.decoder_units % self.attention_heads:
            raise ValueError(
                f"attention is 'multi_head', which needs decoder_units to be a multiple of attention_heads:"
                f" decoder_units is {self.decoder_units}, attention_heads is {self.attention_heads}"
            )
        if self.tie_target_embedding and self.decoder_units != self.embedding_size:
            raise ValueError(
                f"tie_target_embedding is true, which needs decoder_units to equal embedding_size:"
                f" decoder_units is {self.decoder_units}, embedding_size is {self.embedding_size}"
            )
        return self

    @property
    def encoder_output_width(self) -> int:
        """Width of the encoder's outputs, all directions side by side."""
        return self.encoder_units * (2 if self.bidirectional else 1)
