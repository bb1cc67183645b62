"""Recurrences by the Keras layers, which run on cuDNN's fused kernels where there is a GPU."""

import keras
import tensorflow as tf


class FusedRecurrence:
    """The Keras layer of a cell's kind, with the cell's weights. It chooses cuDNN by itself.

    Args:
        cell: A RecurrentCell of trainer/model/cells.py that is an LSTM or a GRU. It keeps its weights: neither the
            layer nor the layer's cell owns any.
    """

    def __init__(self, cell: keras.layers.Layer):
        layer, layer_cell = _LAYERS[type(cell).__name__]
        self._layer = layer(cell.units, return_sequences=True, return_state=True)
        self._layer.cell = layer_cell(cell)

    def __call__(
        self, inputs: tf.Tensor, states: list[tf.Tensor], lengths: tf.Tensor | None
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """The outputs, float [time, batch, units], and the state tensors at the end of each row, float [batch, units].

        Args:
            inputs: Float [time, batch, input_width].
            states: The cell's state tensors to start from, float [batch, units].
            lengths: Int [batch], steps of each row, at least one; None: every row is as long as the sequence.
        """
        mask = None if lengths is None else tf.sequence_mask(lengths, tf.shape(inputs)[0])
        outputs, *final_states = self._layer(tf.transpose(inputs, [1, 0, 2]), initial_state=states, mask=mask)
        return tf.transpose(outputs, [1, 0, 2]), final_states


class _BorrowingLSTMCell(keras.layers.LSTMCell):
    def __init__(self, lender):
        super().__init__(lender.units)
        self.kernel, self.recurrent_kernel, self.bias = lender.kernel, lender.recurrent_kernel, lender.bias
        self.built = True


class _BorrowingGRUCell(keras.layers.GRUCell):
    def __init__(self, lender):
        super().__init__(lender.units)
        self.kernel, self.recurrent_kernel, self.bias = lender.kernel, lender.recurrent_kernel, lender.bias
        self.built = True


_LAYERS = {"LSTMCell": (keras.layers.LSTM, _BorrowingLSTMCell), "GRUCell": (keras.layers.GRU, _BorrowingGRUCell)}


def fused_on_gpu(cell: keras.layers.Layer) -> FusedRecurrence | None:
    """The fused recurrence of a cell whose weights exist, where this machine has a GPU with a kernel for it."""
    if type(cell).__name__ not in _LAYERS or not tf.config.list_logical_devices("GPU"):
        return None
    return FusedRecurrence(cell)
