"""Recurrent cells: the weights of one recurrent layer, and the math of one of its steps.

The weights are laid out as in keras.layers.SimpleRNN, GRU(reset_after=True) and LSTM. A cell works in two parts:
`project` depends on the inputs alone, so that a whole sequence goes through it in one matrix product, and `step`
is what must be computed one time step after the other. `retreat` is the gradient of a step.
"""

import abc
import random

import keras
import tensorflow as tf

from trainer.model.fused_recurrence import fused_on_gpu
from trainer.model.product import as_factor, multiply, product


class RecurrentCell(keras.layers.Layer, abc.ABC):
    """One recurrent layer's weights and step.

    Args:
        input_width: Width of the inputs.
        units: Width of the output and of each state tensor.
        seeds: Where the seeds of the weights are drawn from.
    """

    gates: int  # blocks of `units` columns in the kernels
    state_count: int  # state tensors; the first of them is the output
    kept_count: int  # tensors that `advance` keeps
    bias_rows = 1

    def __init__(self, input_width: int, units: int, seeds: random.Random):
        super().__init__()
        self.units = units
        width = self.gates * units
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_width, width),
            initializer=keras.initializers.GlorotUniform(seeds.randrange(2**31)),
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=(units, width),
            initializer=keras.initializers.Orthogonal(seed=seeds.randrange(2**31)),
        )
        shape = (width,) if self.bias_rows == 1 else (self.bias_rows, width)
        self.bias = self.add_weight(name="bias", shape=shape, initializer=self._initial_bias)
        self.fused = fused_on_gpu(self)
        self.built = True

    def _initial_bias(self, shape, dtype=None):
        return tf.zeros(shape, dtype)

    @abc.abstractmethod
    def project(self, inputs: tf.Tensor) -> tf.Tensor:
        """The inputs' share of the gates: [..., input_width] -> [..., gates * units]."""

    def step(self, projected: tf.Tensor, states: list[tf.Tensor], recurrent_mask: tf.Tensor | None) -> list[tf.Tensor]:
        """The next states.

        Args:
            projected: Float [batch, gates * units], from `project`.
            states: `state_count` tensors, float [batch, units]; the first is the previous output.
            recurrent_mask: Float [batch, units] that scales the previous output on its way into the gates (recurrent
                dropout), or None.
        """
        share = recurred(states[0], recurrent_mask, as_factor(self.recurrent_kernel), self.recurrent_bias)
        return self.advance(projected, share, states)[0]

    @property
    def recurrent_bias(self) -> tf.Tensor | None:
        """What is added to the product of the previous output and the recurrent kernel, float [gates * units]."""
        return None

    @staticmethod
    @abc.abstractmethod
    def advance(
        projected: tf.Tensor, recurred: tf.Tensor, states: list[tf.Tensor]
    ) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """The next states, and what `retreat` needs to know of this step, all float [batch, units].

        Args:
            projected: Float [batch, gates * units], the inputs' share of the gates.
            recurred: Float [batch, gates * units], the previous output's share.
            states: The states before the step.
        """

    @staticmethod
    @abc.abstractmethod
    def retreat(
        kept: list[tf.Tensor], states: list[tf.Tensor], gradients: list[tf.Tensor]
    ) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor | None]]:
        """The gradients of the three arguments of `advance`; that of a state is None where it is 0.

        Args:
            kept: What `advance` kept.
            states: The states before the step.
            gradients: The gradients of the states after the step.
        """


class SimpleRNNCell(RecurrentCell):
    """h' = tanh(x W + h U + b)."""

    gates = 1
    state_count = 1
    kept_count = 1

    def project(self, inputs):
        return product(inputs, self.kernel, self.bias)

    @staticmethod
    def advance(projected, recurred, states):
        output = tf.tanh(projected + recurred)
        return [output], [output]

    @staticmethod
    def retreat(kept, states, gradients):
        gradient = _tanh_gradient(kept[0], gradients[0])
        return gradient, gradient, [None]


class GRUCell(RecurrentCell):
    """Gated recurrent unit (Cho et al. 2014), the reset gate applied after the matrix product."""

    gates = 3
    state_count = 1
    kept_count = 4
    bias_rows = 2

    def project(self, inputs):
        return product(inputs, self.kernel, self.bias[0])

    @property
    def recurrent_bias(self):
        return self.bias[1]

    @staticmethod
    def advance(projected, recurred, states):
        (output,) = states
        units = output.shape[-1]
        from_input = tf.split(projected, [2 * units, units], axis=-1)
        from_output = tf.split(recurred, [2 * units, units], axis=-1)
        update, reset = tf.split(tf.sigmoid(from_input[0] + from_output[0]), 2, axis=-1)
        candidate = tf.tanh(from_input[1] + reset * from_output[1])
        return [candidate + update * (output - candidate)], [update, reset, candidate, from_output[1]]

    @staticmethod
    def retreat(kept, states, gradients):
        update, reset, candidate, from_output = kept
        (gradient,) = gradients
        direct = gradient * update
        to_candidate = _tanh_gradient(candidate, gradient - direct)
        to_gates = [
            _sigmoid_gradient(update, gradient * (states[0] - candidate)),
            _sigmoid_gradient(reset, to_candidate * from_output),
        ]
        projected = tf.concat([*to_gates, to_candidate], axis=-1)
        recurred = tf.concat([*to_gates, to_candidate * reset], axis=-1)
        return projected, recurred, [direct]


class LSTMCell(RecurrentCell):
    """Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate of Gers et al. 2000, its bias from 1)."""

    gates = 4
    state_count = 2
    kept_count = 5

    def _initial_bias(self, shape, dtype=None):
        return tf.concat([tf.zeros([self.units]), tf.ones([self.units]), tf.zeros([2 * self.units])], axis=0)

    def project(self, inputs):
        return product(inputs, self.kernel, self.bias)

    @staticmethod
    def advance(projected, recurred, states):
        in_gate, forget_gate, candidate, out_gate = tf.split(projected + recurred, 4, axis=-1)
        in_gate, forget_gate, out_gate = tf.sigmoid(in_gate), tf.sigmoid(forget_gate), tf.sigmoid(out_gate)
        candidate = tf.tanh(candidate)
        carry = forget_gate * states[1] + in_gate * candidate
        squashed = tf.tanh(carry)
        return [out_gate * squashed, carry], [in_gate, forget_gate, candidate, out_gate, squashed]

    @staticmethod
    def retreat(kept, states, gradients):
        in_gate, forget_gate, candidate, out_gate, squashed = kept
        to_output, to_carry = gradients
        to_carry += _tanh_gradient(squashed, to_output * out_gate)
        gradient = tf.concat(
            [
                _sigmoid_gradient(in_gate, to_carry * candidate),
                _sigmoid_gradient(forget_gate, to_carry * states[1]),
                _tanh_gradient(candidate, to_carry * in_gate),
                _sigmoid_gradient(out_gate, to_output * squashed),
            ],
            axis=-1,
        )
        return gradient, gradient, [None, to_carry * forget_gate]


def _tanh_gradient(value: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    """The gradient of x, given `value` = tanh(x) and its gradient."""
    return tf.raw_ops.TanhGrad(y=value, dy=gradient)


def _sigmoid_gradient(value: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    """The gradient of x, given `value` = sigmoid(x) and its gradient."""
    return tf.raw_ops.SigmoidGrad(y=value, dy=gradient)


def recurred(
    output: tf.Tensor, recurrent_mask: tf.Tensor | None, factor: tf.Tensor, bias: tf.Tensor | None = None
) -> tf.Tensor:
    """The previous output's share of the gates: [batch, units] -> [batch, gates * units].

    Args:
        output: Float [batch, units].
        recurrent_mask: See RecurrentCell.step.
        factor: The recurrent kernel, from `as_factor`.
        bias: Float [gates * units], or None.
    """
    share = multiply(output if recurrent_mask is None else output * recurrent_mask, factor)
    return share if bias is None else share + bias


class RecurrentDropout(keras.layers.Dropout):
    """Dropout of the recurrent state, the same at every step of a sequence (Gal and Ghahramani 2016)."""

    def mask(self, batch: tf.Tensor, units: int, training: bool) -> tf.Tensor | None:
        """The mask of RecurrentCell.step, float [batch, units], or None where nothing is dropped."""
        return self(tf.ones([batch, units]), training=True) if training and self.rate else None


CELLS = {"simple_rnn": SimpleRNNCell, "gru": GRUCell, "lstm": LSTMCell}
