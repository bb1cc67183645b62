"""Lengths that decoded texts may have, worked out by hand."""

import pytest
import tensorflow as tf

from trainer.config.decoding import DecodingConfig
from trainer.decoding.limits import length_limits


@pytest.mark.parametrize(
    ("settings", "shortest", "longest"),
    [
        ({}, [0, 0, 0], [20, 20, 20]),
        ({"max_length": 7, "min_length": 2}, [2, 2, 2], [7, 7, 7]),
        ({"max_length_ratio": 1.5}, [0, 0, 0], [1, 5, 15]),
        ({"max_length": 8, "max_length_ratio": 1.5}, [0, 0, 0], [1, 5, 8]),
        ({"min_length_ratio": 0.5, "min_length": 2}, [2, 2, 5], [20, 20, 20]),
        ({"min_length_ratio": 0.5, "min_length": 3, "max_length_ratio": 0.5}, [1, 2, 5], [1, 2, 5]),
        ({"min_length_ratio": 2.0, "max_length": 9}, [0, 6, 9], [9, 9, 9]),
    ],
)
def test_absolute_and_relative_limits_meet(settings, shortest, longest):
    # Sources of 0, 3 and 10 tokens, and the end token.
    limits = length_limits(tf.constant([1, 4, 11], tf.int64), DecodingConfig(**settings), target_max_length=20)
    assert limits.shortest.numpy().tolist() == shortest
    assert limits.longest.numpy().tolist() == longest
