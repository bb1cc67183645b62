"""What is done to every text before it is split into units: decoding, normalisation, lower-casing, white space.

- What is not valid UTF-8, NUL, and Unicode's noncharacters become U+FFFD.
- Every code point that separates words or lines becomes a plain space: Unicode's White_Space, and the information
  separators U+001C to U+001F. The three no-break spaces (U+00A0, U+2007, U+202F) hold together what they stand
  between, and stay as they are; NFKC, which takes them for compatibility variants of the space, makes them spaces.
- Other control characters, and format characters such as joiners and direction marks, stay.

Runs of spaces, and those at the ends, are the unit's affair.
"""

import functools

import numpy as np
import tensorflow as tf

from transform.code_points import CODE_POINTS, CodePointTable, build_table, decode, look_up
from transform.config import TextConfig
from transform.lowercase import lowercase
from transform.normalization import normalization_tables, normalize

SPACE = ord(" ")
REPLACEMENT = 0xFFFD

_NO_BREAK_SPACES = (0x00A0, 0x2007, 0x202F)
_TO_SPACE = 1
_TO_REPLACEMENT = 2


def clean(text: tf.Tensor, config: TextConfig) -> tf.RaggedTensor:
    """Code points, int32 [B, (n)], of string [B]."""
    code_points = decode(text)
    if config.normalization == "none":
        if config.lowercase:
            code_points = lowercase(code_points)
    else:
        tables = normalization_tables(config.normalization.upper())
        code_points = normalize(code_points, tables)
        if config.lowercase:
            # A small letter may combine with a mark that its capital does not combine with: ẖ is one code point, H̱ two.
            code_points = normalize(lowercase(code_points), tables)
    kind = look_up(_kinds(), code_points.values)
    values = tf.where(kind == _TO_SPACE, SPACE, code_points.values)
    return code_points.with_values(tf.where(kind == _TO_REPLACEMENT, REPLACEMENT, values))


@functools.cache
def _kinds() -> CodePointTable:
    kinds = np.zeros(CODE_POINTS, np.uint16)
    # Python's isspace is White_Space and the information separators.
    kinds[[x for x in range(CODE_POINTS) if chr(x).isspace() and x not in _NO_BREAK_SPACES]] = _TO_SPACE
    kinds[[0, *range(0xFDD0, 0xFDF0), *(x for x in range(CODE_POINTS) if x & 0xFFFE == 0xFFFE)]] = _TO_REPLACEMENT
    return build_table(kinds)
