"""The units that text is split into, one module each.

A unit is a pair of functions. `split` makes pieces, string [B, (n)], of clean code points, int32 [B, (m)], in which
the only white space that separates is the plain space. `join` makes text, string [B], of pieces, string [B, (n)], and
is the inverse of `split` but for spaces that the unit does not keep.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from transform.units import char, space, subword, word


class Unit(NamedTuple):
    """How text is split into pieces, and how pieces are joined to text again."""

    split: Callable[[tf.RaggedTensor], tf.RaggedTensor]
    join: Callable[[tf.RaggedTensor], tf.Tensor]


UNITS = {
    "char": Unit(char.split, char.join),
    "word": Unit(word.split, word.join),
    "space": Unit(space.split, space.join),
    # Words, which a vocabulary cuts into pieces.
    "subword": Unit(subword.split, subword.join),
}
