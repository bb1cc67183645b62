"""The longest pieces of a vocabulary in text, found in a trie by core TensorFlow operations.

Words are cut from left to right, each time into the longest piece that the vocabulary has. Byte-pair encoding proper
would replay merges instead, one after another: as many rounds as a word has merges, so that one line without a space
would hold up a whole batch, and a vocabulary with pieces that serve as steps to others alone. For the longest match,
the match at every place of the text is found first, side by side; which of them are taken then follows in a number of
rounds that grows with the logarithm of a word's length.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

Array = np.ndarray | tf.Tensor

_CODE_POINT_BITS = 21
_LAST_EDGE = np.iinfo(np.int64).max


class PieceTrie(NamedTuple):
    """All beginnings of pieces. Node 0 is the root, and edge i leads to node i + 1.

    Attributes:
        edges: int64 [nodes - 1], in ascending order: the node that an edge leaves, times 2 ** 21, plus its code point.
        is_piece: bool [nodes], whether the way to a node is a piece, and not only the beginning of others.
    """

    edges: Array
    is_piece: Array


def build_trie(pieces: Iterable[str]) -> PieceTrie:
    """The trie of pieces, none of them empty."""
    pieces = set(pieces)
    beginnings = {piece[:end] for piece in pieces for end in range(1, len(piece) + 1)}
    # In this order, the edges of each length come in that of the nodes that they leave.
    ordered = sorted(beginnings, key=lambda beginning: (len(beginning), beginning))
    numbers = {"": 0, **{beginning: number for number, beginning in enumerate(ordered, 1)}}
    edges = [numbers[beginning[:-1]] << _CODE_POINT_BITS | ord(beginning[-1]) for beginning in ordered]
    is_piece = [beginning in pieces for beginning in numbers]
    return PieceTrie(np.array(edges, np.int64), np.array(is_piece, bool))


def find_pieces(code_points: tf.Tensor, word_starts: tf.Tensor, trie: PieceTrie) -> tf.Tensor:
    """Where the pieces of words start.

    A code point at which no piece starts is a piece of its own.

    Args:
        code_points: int32 [n], of words that stand one behind another.
        word_starts: bool [n], whether a word starts at each of them; the first one starts one.
        trie: Of the vocabulary.

    Returns:
        bool [n].
    """
    return _places_on_the_way(word_starts, _longest_matches(code_points, word_starts, trie))


def _longest_matches(code_points: tf.Tensor, word_starts: tf.Tensor, trie: PieceTrie) -> tf.Tensor:
    """How long the longest piece at each place is, int32 [n]; 1 where none starts."""
    # One edge and one node more than there are, so that no look-up is out of range; TFT also runs the graph before it
    # has anything to put in the place of the trie.
    edges = tf.concat([trie.edges, [_LAST_EDGE]], axis=0)
    is_piece = tf.concat([trie.is_piece, [False]], axis=0)
    ends = tf.concat([word_starts, [True]], axis=0)

    def go_on(depth, places, nodes, lengths):
        keys = tf.bitwise.left_shift(nodes, tf.constant(_CODE_POINT_BITS, tf.int64))
        keys += tf.cast(tf.gather(code_points, places + depth), tf.int64)
        edge = tf.searchsorted(edges, keys, out_type=tf.int32)
        found = tf.where(tf.gather(edges, edge) == keys)[:, 0]
        places, edge = tf.gather(places, found), tf.gather(edge, found)
        depth += 1
        nodes = edge + 1
        matched = tf.boolean_mask(places, tf.gather(is_piece, nodes))
        lengths = tf.tensor_scatter_nd_update(lengths, matched[:, tf.newaxis], tf.fill(tf.shape(matched), depth))
        inside = tf.where(~tf.gather(ends, places + depth))[:, 0]
        return depth, tf.gather(places, inside), tf.cast(tf.gather(nodes, inside), tf.int64), lengths

    places = tf.range(tf.size(code_points))
    state = (tf.constant(0), places, tf.zeros_like(places, tf.int64), tf.ones_like(places))
    any_length = tf.TensorShape([None])
    return tf.while_loop(
        lambda depth, places, nodes, lengths: tf.size(places) > 0,
        go_on,
        state,
        shape_invariants=(tf.TensorShape([]), any_length, any_length, any_length),
    )[-1]


def _places_on_the_way(starts: tf.Tensor, steps: tf.Tensor) -> tf.Tensor:
    """The places that are reached from `starts`, bool [n], by going `steps`, int32 [n], time and again: bool [n].

    Each round follows twice as many steps as the one before.
    """
    count = tf.size(starts)
    reached = tf.concat([starts, [True]], axis=0)
    step_to = tf.concat([tf.range(count) + steps, [count]], axis=0)

    def go_on(_, reached, step_to):
        places = tf.gather(step_to, tf.where(reached))
        further = tf.tensor_scatter_nd_update(reached, places, tf.fill(tf.shape(places)[:1], True))
        return tf.reduce_any(further != reached), further, tf.gather(step_to, step_to)

    state = (tf.constant(True), reached, step_to)
    any_length = tf.TensorShape([None])
    return tf.while_loop(
        lambda more, *_: more, go_on, state, shape_invariants=(tf.TensorShape([]), any_length, any_length)
    )[1][:-1]
