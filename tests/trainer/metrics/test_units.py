"""The units that error rates count are those of the text graph."""

import pytest
import tensorflow as tf

from tests.transform.random_text import random_strings
from trainer.metrics.units import SPLIT_FUNCTIONS
from transform.config import TextConfig
from transform.text import segment
from transform.units import UNITS


@pytest.mark.parametrize("unit", ["char", "word", "space"])
def test_units_are_those_that_a_target_is_made_of(unit):
    config = TextConfig(unit=unit)
    pieces = segment(tf.constant([text.replace("￭", "") for text in random_strings(400, seed=5)]), config)
    cleaned = [text.decode() for text in UNITS[unit].join(pieces).numpy()]
    expected = [[piece.decode().replace("￭", "") for piece in row] for row in pieces.to_list()]
    assert [list(SPLIT_FUNCTIONS[unit](text)) for text in cleaned] == expected
