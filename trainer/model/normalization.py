"""Layer normalization (Ba et al. 2016)."""

import keras


def layer_normalization(width: int) -> keras.layers.LayerNormalization:
    """A layer whose weights exist: [..., width] to mean 0 and variance 1 over the width, times gamma, plus beta."""
    layer = keras.layers.LayerNormalization(epsilon=1e-5)
    layer.build((None, width))
    return layer
