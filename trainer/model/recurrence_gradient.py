"""A loop over time with a gradient of its own.

Differentiating tf.while_loop forms the gradient of the weights anew at every step, from a kernel that the step has to
transpose. Here the way there keeps the gates of each step, the way back goes over them once with the kernel transposed
once, and the gradient of the weights is one large product after it. There is no gradient of this gradient.
"""

import itertools
from typing import NamedTuple

import tensorflow as tf

from trainer.model.cells import RecurrentCell, recurred
from trainer.model.product import as_factor, multiply


class _Forward(NamedTuple):
    """What the way there leaves.

    Attributes:
        states: The state tensors after the last step, float [batch, units].
        histories: For each state tensor an array [time + 1] of its values: before the first step, and after each.
        kept: Arrays [time] of what RecurrentCell.advance kept.
    """

    states: list[tf.Tensor]
    histories: list[tf.TensorArray]
    kept: list[tf.TensorArray]


class _Backward(NamedTuple):
    """The gradients that the way back gives.

    Attributes:
        projected: Of the inputs' share of the gates, float [time, batch, gates * units].
        recurred: Of the previous outputs' share of the gates, float [time, batch, gates * units].
        states: Of the state tensors before the first step, float [batch, units].
    """

    projected: tf.Tensor
    recurred: tf.Tensor
    states: list[tf.Tensor]


def recur_for_training(
    cell: RecurrentCell,
    projected: tf.Tensor,
    states: list[tf.Tensor],
    lengths: tf.Tensor | None,
    recurrent_mask: tf.Tensor | None,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Runs `cell` over a sequence; has a gradient for `projected`, the cell's recurrent weights and `states`.

    Args:
        cell: The cell.
        projected: Float [time, batch, gates * units], from RecurrentCell.project.
        states: The cell's state tensors to start from, float [batch, units].
        lengths: Int [batch], steps of each row; None: every row is as long as the sequence.
        recurrent_mask: See RecurrentCell.step. It gets no gradient.

    Returns:
        The outputs, float [time, batch, units], which must get no gradient past the end of a row, and the state
        tensors at the end of each row, float [batch, units].
    """
    bias = cell.recurrent_bias
    weights = [tf.convert_to_tensor(cell.recurrent_kernel)] + ([] if bias is None else [bias])

    @tf.custom_gradient
    def run(projected, *tensors):
        weights, states = tensors[: len(tensors) - cell.state_count], tensors[len(tensors) - cell.state_count :]
        factor = as_factor(weights[0])
        forward = _go_forward(cell, projected, [factor, *weights[1:]], list(states), recurrent_mask)
        outputs = forward.histories[0].stack()
        final_states = forward.states
        if lengths is not None:
            histories = [outputs, *(history.stack() for history in forward.histories[1:])]
            final_states = [tf.gather_nd(history, _ends(lengths)) for history in histories]

        def gradient(to_outputs, *to_final_states):
            arriving, to_states = [to_outputs], list(to_final_states)
            if lengths is not None:
                # A final state's gradient comes in after the step that ends the row, or before the first step of all.
                shape = tf.cast(tf.shape(outputs), lengths.dtype)
                spread = [tf.scatter_nd(_ends(lengths), to_state, shape) for to_state in to_states]
                arriving = [to_outputs + spread[0][1:], *(values[1:] for values in spread[1:])]
                to_states = [tf.zeros_like(to_state) for to_state in to_states]
            backward = _go_back(cell, factor, forward, arriving, to_states, recurrent_mask)
            to_states = backward.states
            if lengths is not None:
                to_states = [to_state + values[0] for to_state, values in zip(to_states, spread, strict=True)]
            previous = outputs[:-1] if recurrent_mask is None else outputs[:-1] * recurrent_mask
            to_recurred = tf.cast(_rows(backward.recurred), factor.dtype)
            to_weights = [multiply(_rows(previous), to_recurred, transpose_inputs=True)]
            if bias is not None:
                to_weights.append(tf.reduce_sum(_rows(backward.recurred), axis=0))
            return backward.projected, *to_weights, *to_states

        return (outputs[1:], *final_states), gradient

    outputs, *final_states = run(projected, *weights, *states)
    return outputs, final_states


def _go_forward(cell, projected, weights, states, recurrent_mask) -> _Forward:
    time = tf.shape(projected)[0]
    rows = tf.TensorArray(projected.dtype, time).unstack(projected)

    def step(index, states, histories, kept):
        states, values = cell.advance(rows.read(index), recurred(states[0], recurrent_mask, *weights), states)
        return index + 1, states, _write(histories, index + 1, states), _write(kept, index, values)

    histories = _write(_arrays([cell.units] * cell.state_count, time + 1, projected.dtype), 0, states)
    kept = _arrays([cell.units] * cell.kept_count, time, projected.dtype)
    start = (tf.constant(0), states, histories, kept)
    return _Forward(*_loop(lambda index: index < time, step, start)[1:])


def _go_back(cell, factor, forward, arriving, to_states, recurrent_mask) -> _Backward:
    """The way back.

    Args:
        cell: The cell.
        factor: The cell's recurrent kernel, from `as_factor`.
        forward: What the way there left.
        arriving: Gradients of the first state tensors, one or all, that come in after each step, float
            [time, batch, units].
        to_states: Gradients of the state tensors after the last step, float [batch, units].
        recurrent_mask: See RecurrentCell.step.
    """
    time = tf.shape(arriving[0])[0]
    arriving = [tf.TensorArray(values.dtype, time).unstack(values) for values in arriving]
    transposed = tf.transpose(factor)

    def step(index, to_states, gradients):
        pairs = itertools.zip_longest(to_states, arriving)
        to_states = [to_state if values is None else to_state + values.read(index) for to_state, values in pairs]
        kept = [values.read(index) for values in forward.kept]
        before = [history.read(index) for history in forward.histories]
        to_projected, to_recurred, (direct, *others) = cell.retreat(kept, before, to_states)
        to_output = multiply(to_recurred, transposed)
        if recurrent_mask is not None:
            to_output *= recurrent_mask
        to_states = [to_output if direct is None else to_output + direct, *others]
        return index - 1, to_states, _write(gradients, index, [to_projected, to_recurred][: len(gradients)])

    # Without a recurrent bias the inputs' and the previous output's share are added: their gradients are the same.
    shares = 1 if cell.recurrent_bias is None else 2
    gradients = _arrays([cell.gates * cell.units] * shares, time, arriving[0].dtype)
    _, to_states, gradients = _loop(lambda index: index >= 0, step, (time - 1, to_states, gradients))
    stacked = [values.stack() for values in gradients]
    return _Backward(stacked[0], stacked[-1], to_states)


def _loop(condition, step, start):
    """tf.while_loop over an index, a list of tensors [batch, units] and lists of arrays."""
    _, states, *arrays = start
    shapes = (
        tf.TensorShape([]),
        [tf.TensorShape([None, state.shape[-1]]) for state in states],
        *([tf.TensorShape(None)] * len(group) for group in arrays),
    )
    return tf.while_loop(lambda index, *_: condition(index), step, start, shapes)


def _arrays(widths: list[int], size: tf.Tensor, dtype: tf.DType) -> list[tf.TensorArray]:
    """Arrays of tensors [batch, width]. The way back may be gone more than once: reading leaves them as they are."""
    return [tf.TensorArray(dtype, size, clear_after_read=False, element_shape=[None, width]) for width in widths]


def _write(arrays: list[tf.TensorArray], index: tf.Tensor, values: list[tf.Tensor]) -> list[tf.TensorArray]:
    return [array.write(index, value) for array, value in zip(arrays, values, strict=True)]


def _ends(lengths: tf.Tensor) -> tf.Tensor:
    """Where in a history [time + 1, batch, units] each row ends, [batch, 2]."""
    return tf.stack([lengths, tf.range(tf.size(lengths, lengths.dtype))], axis=1)


def _rows(sequence: tf.Tensor) -> tf.Tensor:
    """[time, batch, width] -> [time * batch, width]."""
    return tf.reshape(sequence, [-1, sequence.shape[-1]])
