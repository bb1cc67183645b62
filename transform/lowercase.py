"""Lower-casing inside the graph, equal to Python's `str.lower`: full mappings, and the Greek final sigma.

It is the mapping of no locale in particular: I becomes i, and İ becomes i and a combining dot above. TensorFlow's own
`tf.strings.lower` asks the process's locale instead (Turkish: I becomes ı), and cuts text at a NUL.
"""

import functools

import numpy as np
import tensorflow as tf

from transform.code_points import (
    CODE_POINTS,
    CodePointTable,
    Expansions,
    as_tensors,
    build_expansions,
    build_table,
    expand,
    following,
    is_row_start,
    look_up,
    previous,
)

_SIGMA, _FINAL_SIGMA = ord("Σ"), ord("ς")

# What a neighbour means to a sigma.
_CASED = 1
_IGNORED = 2


def lowercase(code_points: tf.RaggedTensor) -> tf.RaggedTensor:
    """Lower-cases each row of code points, int32 [B, (n)]."""
    values = tf.cond(
        tf.reduce_any(code_points.values == _SIGMA),
        lambda: _with_final_sigmas(code_points),
        lambda: code_points.values,
    )
    return expand(_expansions(), code_points.with_values(values))


def _with_final_sigmas(code_points: tf.RaggedTensor) -> tf.Tensor:
    """Writes ς for each Σ that follows a cased letter and is not followed by one in its word: int32 [n]."""
    contexts = as_tensors(_contexts())
    # Apostrophes, combining marks and the like do not end a word: a sigma sees only what is left without them.
    seen = tf.where(look_up(contexts, code_points.values) != _IGNORED)
    values = tf.gather_nd(code_points.values, seen)
    rows = tf.gather_nd(code_points.value_rowids(), seen)
    cased = look_up(contexts, values) == _CASED
    row_start = is_row_start(rows)
    after_cased = previous(cased, False) & ~row_start
    before_cased = following(cased & ~row_start, False)
    final = (values == _SIGMA) & after_cased & ~before_cased
    return tf.tensor_scatter_nd_update(code_points.values, seen, tf.where(final, _FINAL_SIGMA, values))


@functools.cache
def _expansions() -> Expansions:
    characters = map(chr, range(CODE_POINTS))
    return build_expansions({ord(x): x.lower() for x in characters if x.lower() != x})


@functools.cache
def _contexts() -> CodePointTable:
    """Whether each code point is ignored beside a sigma, or else is cased, found by what Python makes of a sigma."""
    contexts = np.zeros(CODE_POINTS, np.uint16)
    for code_point in range(CODE_POINTS):
        character = chr(code_point)
        if f"AΣ{character}".lower()[1] == "σ":
            contexts[code_point] = _CASED
        elif f"AΣ{character}A".lower()[1] == "σ":
            contexts[code_point] = _IGNORED
    return build_table(contexts)
