"""Files of transformed pairs, as the Transform component writes them, for the tests of reading and training."""

import pathlib

import tensorflow as tf

from trainer.data.pairs import Pairs

START, END = 2, 3


def write_pairs(path: pathlib.Path, pairs, longest: int, weights=None) -> None:
    """Writes (source ids, target ids) pairs, both cut to `longest` units and flagged where they were longer.

    Where there are weights, one for each pair, they are written too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for index, (source, target) in enumerate(pairs):
            ids = {
                "source_ids": [*source[:longest], END],
                "target_input_ids": [START, *target[:longest]],
                "target_output_ids": [*target[:longest], END],
            }
            features = {name: value + [0] * (longest + 1 - len(value)) for name, value in ids.items()}
            for side, units in (("source", source), ("target", target)):
                features[f"{side}_length"] = [min(len(units), longest) + 1]
                features[f"{side}_too_long"] = [int(len(units) > longest)]
            example = tf.train.Example()
            for name, value in features.items():
                example.features.feature[name].int64_list.value.extend(value)
            if weights is not None:
                example.features.feature["example_weight"].float_list.value.append(weights[index])
            writer.write(example.SerializeToString())


def pairs_of(
    *patterns: pathlib.Path, longest: int, on_too_long: str = "drop", split: str = "train", weighted: bool = False
) -> Pairs:
    """The split that `write_pairs` wrote."""
    widths = {"source_ids": longest + 1, "target_input_ids": longest + 1, "target_output_ids": longest + 1}
    names = [*widths, "source_length", "target_length", "source_too_long", "target_too_long"]
    spec = {name: tf.io.FixedLenFeature([widths.get(name, 1)], tf.int64) for name in names}
    if weighted:
        spec["example_weight"] = tf.io.FixedLenFeature([1], tf.float32)
    return Pairs(split, [str(pattern) for pattern in patterns], spec, on_too_long, on_too_long)
