"""Recurrences over sequences. Every loop over time in encoder and decoder goes through this module.

Sequences are time-major here, [time, batch, width]: a step then reads and writes one contiguous block.
"""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from trainer.model.cells import RecurrentCell
from trainer.model.embedding import EmbeddedTokens, Sequence, vectors
from trainer.model.recurrence_gradient import recur_for_training

Step = Callable[[tf.Tensor, list[tf.Tensor]], tuple[list[tf.Tensor], list[tf.Tensor]]]


class Recurred(NamedTuple):
    """What a recurrent layer gives.

    Attributes:
        outputs: Float [time, batch, units]; 0 past the end of a row.
        final_states: The cell's state tensors at the end of each row, float [batch, units].
    """

    outputs: tf.Tensor
    final_states: list[tf.Tensor]


def scan(step: Step, inputs: tf.Tensor, states: list[tf.Tensor], output_widths: list[int | None]) -> list[tf.Tensor]:
    """The outputs of `step` at every time, each float [time, batch, width].

    Args:
        step: Maps the inputs of one time step [batch, width] and the states to a list of outputs and the next states.
        inputs: Float [time, batch, width].
        states: Tensors [batch, width] to start from.
        output_widths: Width of each output, None where it is not known before.
    """
    time = tf.shape(inputs)[0]
    rows = tf.TensorArray(inputs.dtype, time, element_shape=inputs.shape[1:]).unstack(inputs)
    written = [tf.TensorArray(inputs.dtype, time, element_shape=[None, width]) for width in output_widths]

    def advance(index, states, written):
        outputs, states = step(rows.read(index), states)
        return index + 1, states, [array.write(index, output) for array, output in zip(written, outputs, strict=True)]

    _, _, written = tf.while_loop(
        lambda index, *_: index < time,
        advance,
        (tf.constant(0), list(states), written),
        shape_invariants=(
            tf.TensorShape([]),
            [tf.TensorShape([None, state.shape[-1]]) for state in states],
            [tf.TensorShape(None) for _ in written],
        ),
    )
    return [array.stack() for array in written]


def recur(
    cell: RecurrentCell,
    inputs: Sequence,
    states: list[tf.Tensor] | None = None,
    lengths: tf.Tensor | None = None,
    recurrent_mask: tf.Tensor | None = None,
    training: bool = False,
) -> Recurred:
    """Runs `cell` from the start of each row to its end.

    Padding, and whatever stands in it, changes neither the result nor a gradient.

    Args:
        cell: The cell.
        inputs: Float [time, batch, input_width], or tokens [time, batch].
        states: The cell's state tensors to start from, float [batch, units]; None: zeros.
        lengths: Int [batch], steps of each row; None: every row is as long as the sequence. A row of length 0 keeps
            the states that it started from.
        recurrent_mask: See RecurrentCell.step.
        training: Whether a gradient will be taken: on a GPU by a kernel of cuDNN where there is one, and else by a
            loop that has a gradient of its own, which takes less time and memory, has no second derivative, and gives
            the mask no gradient. The values are the same.
    """
    fused = training and cell.fused and recurrent_mask is None
    if fused:
        inputs = vectors(inputs)
    tokens = isinstance(inputs, EmbeddedTokens)
    time, batch = tf.unstack(tf.shape(inputs.ids if tokens else inputs)[:2])
    if lengths is not None:
        present = tf.transpose(tf.sequence_mask(lengths, time))[:, :, tf.newaxis]
        inputs = inputs if tokens else tf.where(present, inputs, 0.0)
    if states is None:
        states = [tf.zeros([batch, cell.units])] * cell.state_count

    if fused:
        outputs, final_states = cell.fused(inputs, states, lengths)
    else:
        projected = inputs.project(cell.project) if tokens else cell.project(inputs)
        run = recur_for_training if training else _recur
        outputs, final_states = run(cell, projected, states, lengths, recurrent_mask)
    return Recurred(outputs if lengths is None else tf.where(present, outputs, 0.0), final_states)


def recur_backward(
    cell: RecurrentCell,
    inputs: Sequence,
    lengths: tf.Tensor,
    recurrent_mask: tf.Tensor | None = None,
    training: bool = False,
) -> Recurred:
    """Runs `cell` from the end of each row to its start, from zero states; the outputs stand in the inputs' order.

    Args:
        cell: The cell.
        inputs: Float [time, batch, input_width], or tokens [time, batch].
        lengths: Int [batch], steps of each row; the first step taken is `length - 1`, whatever the padding after it.
        recurrent_mask: See RecurrentCell.step.
        training: See `recur`.
    """
    if isinstance(inputs, EmbeddedTokens):
        inputs = dataclasses.replace(inputs, ids=_reverse_rows(inputs.ids, lengths))
    else:
        inputs = _reverse_rows(inputs, lengths)
    result = recur(cell, inputs, None, lengths, recurrent_mask, training)
    return Recurred(_reverse_rows(result.outputs, lengths), result.final_states)


def _recur(cell, projected, states, lengths, recurrent_mask) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """The outputs and the final states, from a plain loop: the one to export."""

    def step(projected, states):
        states = cell.step(projected, states, recurrent_mask)
        return states, states

    sequences = scan(step, projected, states, [cell.units] * cell.state_count)
    if lengths is None:
        return sequences[0], [sequence[-1] for sequence in sequences]
    return sequences[0], [_at_end(*pair, lengths) for pair in zip(sequences, states, strict=True)]


def _reverse_rows(sequence: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Each row of [time, batch, ...] from its end to its start, the padding left in place."""
    return tf.reverse_sequence(sequence, lengths, seq_axis=0, batch_axis=1)


def _at_end(sequence: tf.Tensor, initial: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """The last value of each row of [time, batch, width], and `initial` for a row of length 0: [batch, width]."""
    rows = tf.range(tf.shape(lengths, out_type=lengths.dtype)[0])
    last = tf.gather_nd(sequence, tf.stack([tf.maximum(lengths - 1, 0), rows], axis=1))
    return tf.where((lengths > 0)[:, tf.newaxis], last, initial)
