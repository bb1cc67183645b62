"""Names of a model's weights by their place in it, the same in every process."""

from collections.abc import Iterator

import keras


def named_weights(model: keras.layers.Layer) -> dict[str, keras.Variable]:
    """The trainable weights by the attributes that lead to them, as in `encoder/layers/0/forward/kernel`.

    Keras' own paths count the layers that a process has made. A weight that is used in several places has the name of
    the first.

    Raises:
        ValueError: Where a trainable weight is in no attribute of its layer.
    """
    found = {}
    for name, weight in _walk(model, ""):
        if weight.trainable and not any(weight is known for known in found.values()):
            found[name] = weight
    missing = [
        weight.path for weight in model.trainable_weights if not any(weight is known for known in found.values())
    ]
    if missing:
        raise ValueError(f"weights that are no attributes of their layers: {', '.join(missing)}")
    return found


def _walk(layer: keras.layers.Layer, prefix: str) -> Iterator[tuple[str, keras.Variable]]:
    for attribute, value in vars(layer).items():
        # Layers of Keras keep their weights in private attributes; what else is private are Keras' own lists of them.
        if isinstance(value, keras.Variable):
            yield prefix + value.name, value
        elif not attribute.startswith("_"):
            several = isinstance(value, list | tuple)
            for index, part in enumerate(value if several else [value]):
                if isinstance(part, keras.layers.Layer):
                    yield from _walk(part, f"{prefix}{attribute}/{index}/" if several else f"{prefix}{attribute}/")
