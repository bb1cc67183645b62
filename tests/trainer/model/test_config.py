"""Settings of the architecture that do not go together."""

import pydantic
import pytest

from trainer.config.model import ModelConfig


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"attention": "dot", "encoder_units": 100},
            "decoder_units is 256, encoder_units 100 x 2 directions is 200; make them equal",
        ),
        (
            {"attention": "dot", "bidirectional": False},
            "decoder_units is 256, encoder_units 128 x 1 direction is 128; make them equal",
        ),
        (
            {"attention": "multi_head", "attention_heads": 3},
            "decoder_units to be a multiple of attention_heads: decoder_units is 256, attention_heads is 3",
        ),
        ({"attention": "none", "attention_place": "before"}, "attention_place is 'before', but attention is 'none'"),
        ({"attention": "none", "attention_scaled": True}, "attention_scaled is True, but attention is 'none'"),
        ({"tie_target_embedding": True}, "decoder_units is 256, embedding_size is 128"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_with_their_values(settings, said):
    with pytest.raises(pydantic.ValidationError, match=said):
        ModelConfig(**settings)


def test_what_goes_together_is_accepted():
    ModelConfig(attention="dot")
    ModelConfig(attention="multi_head", attention_heads=8)
    ModelConfig(tie_target_embedding=True, embedding_size=256)
