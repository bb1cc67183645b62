"""Examples as ExampleGen writes them: as Protocol Buffers do, and merged in whatever order they come."""

import itertools

import pytest
import tensorflow as tf

from components.example_gen.examples import encode_example, merge, place


@pytest.mark.parametrize("source", [b"a", b"x" * 127, b"x" * 128, "日".encode() * 9000])
@pytest.mark.parametrize("weight", [None, 0.0, 0.1])
def test_examples_are_what_protocol_buffers_make_of_them(source, weight):
    references, slices = [b"one", b"", b"z" * 300], {"kind": b"k", "a": b""}
    expected = tf.train.Example()
    values = {"source": [source], "target": [b"one"], "references": references, "kind": [b"k"], "a": [b""]}
    for name, texts in values.items():
        expected.features.feature[name].bytes_list.value.extend(texts)
    if weight is not None:
        expected.features.feature["example_weight"].float_list.value.append(weight)
    assert encode_example(source, references, slices, weight) == expected.SerializeToString(deterministic=True)


def test_merged_examples_do_not_depend_on_the_order_in_which_beam_gives_them():
    rows = [(0, 9, ["b"]), (0, 10, ["a", "b"]), (1, 2, ["c"]), (1, 300, ["a"]), (2, 1, ["d"])]
    placed = [
        place(encode_example(b"x", [text.encode() for text in references], {"line": str(line).encode()}), order, line)
        for order, line, references in rows
    ]
    merged = {merge(order) for order in itertools.permutations(placed)}
    [features] = [tf.train.Example.FromString(example).features.feature for example in merged]
    assert list(features["references"].bytes_list.value) == [b"b", b"a", b"c", b"d"]
    assert list(features["target"].bytes_list.value) == [b"b"]
    assert list(features["line"].bytes_list.value) == [b"9"]
