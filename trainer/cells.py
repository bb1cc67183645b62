"""Recurrent cells: the weights of one recurrent layer, and the math of one of its steps.

The weights are laid out as in keras.layers.SimpleRNN, GRU(reset_after=True) and LSTM. A cell works in two parts:
`project` depends on the inputs alone, so that a whole sequence goes through it in one matrix product, and `step`
is what must be computed one time step after the other.
"""

import abc
import random

import keras
import tensorflow as tf

from trainer.product import product


class RecurrentCell(keras.layers.Layer, abc.ABC):
    """One recurrent layer's weights and step.

    Args:
        input_width: Width of the inputs.
        units: Width of the output and of each state tensor.
        seeds: Where the seeds of the weights are drawn from.
    """

    gates: int  # blocks of `units` columns in the kernels
    state_count: int  # state tensors; the first of them is the output
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
        self.built = True

    def _initial_bias(self, shape, dtype=None):
        return tf.zeros(shape, dtype)

    @abc.abstractmethod
    def project(self, inputs: tf.Tensor) -> tf.Tensor:
        """The inputs' share of the gates: [..., input_width] -> [..., gates * units]."""

    @abc.abstractmethod
    def step(self, projected: tf.Tensor, states: list[tf.Tensor], recurrent_mask: tf.Tensor | None) -> list[tf.Tensor]:
        """The next states.

        Args:
            projected: Float [batch, gates * units], from `project`.
            states: `state_count` tensors, float [batch, units]; the first is the previous output.
            recurrent_mask: Float [batch, units] that scales the previous output on its way into the gates (recurrent
                dropout), or None.
        """

    def _recur(self, output: tf.Tensor, recurrent_mask: tf.Tensor | None) -> tf.Tensor:
        """The previous output's share of the gates: [batch, units] -> [batch, gates * units]."""
        return tf.matmul(output if recurrent_mask is None else output * recurrent_mask, self.recurrent_kernel)


class SimpleRNNCell(RecurrentCell):
    """h' = tanh(x W + h U + b)."""

    gates = 1
    state_count = 1

    def project(self, inputs):
        return product(inputs, self.kernel) + self.bias

    def step(self, projected, states, recurrent_mask):
        return [tf.tanh(projected + self._recur(states[0], recurrent_mask))]


class GRUCell(RecurrentCell):
    """Gated recurrent unit (Cho et al. 2014), the reset gate applied after the matrix product."""

    gates = 3
    state_count = 1
    bias_rows = 2

    def project(self, inputs):
        return product(inputs, self.kernel) + self.bias[0]

    def step(self, projected, states, recurrent_mask):
        (output,) = states
        from_input = tf.split(projected, [2 * self.units, self.units], axis=-1)
        from_output = tf.split(
            self._recur(output, recurrent_mask) + self.bias[1], [2 * self.units, self.units], axis=-1
        )
        update, reset = tf.split(tf.sigmoid(from_input[0] + from_output[0]), 2, axis=-1)
        candidate = tf.tanh(from_input[1] + reset * from_output[1])
        return [candidate + update * (output - candidate)]


class LSTMCell(RecurrentCell):
    """Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate of Gers et al. 2000, its bias from 1)."""

    gates = 4
    state_count = 2

    def _initial_bias(self, shape, dtype=None):
        return tf.concat([tf.zeros([self.units]), tf.ones([self.units]), tf.zeros([2 * self.units])], axis=0)

    def project(self, inputs):
        return product(inputs, self.kernel) + self.bias

    def step(self, projected, states, recurrent_mask):
        output, carry = states
        gates = projected + self._recur(output, recurrent_mask)
        in_gate, forget_gate, candidate, out_gate = tf.split(gates, 4, axis=-1)
        carry = tf.sigmoid(forget_gate) * carry + tf.sigmoid(in_gate) * tf.tanh(candidate)
        return [tf.sigmoid(out_gate) * tf.tanh(carry), carry]


class RecurrentDropout(keras.layers.Dropout):
    """Dropout of the recurrent state, the same at every step of a sequence (Gal and Ghahramani 2016)."""

    def mask(self, batch: tf.Tensor, units: int, training: bool) -> tf.Tensor | None:
        """The mask of RecurrentCell.step, float [batch, units], or None where nothing is dropped."""
        return self(tf.ones([batch, units]), training=True) if training and self.rate else None


CELLS = {"simple_rnn": SimpleRNNCell, "gru": GRUCell, "lstm": LSTMCell}
