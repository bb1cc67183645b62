"""One step of each cell against NumPy."""

import random

import numpy as np
import pytest
import tensorflow as tf

from trainer.model.cells import CELLS, RecurrentDropout


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def simple_rnn(x, states, w, u, b):
    return [np.tanh(x @ w + states[0] @ u + b)]


def gru(x, states, w, u, b):
    (h,) = states
    n = h.shape[1]
    from_input, from_output = x @ w + b[0], h @ u + b[1]
    z = sigmoid(from_input[:, :n] + from_output[:, :n])
    r = sigmoid(from_input[:, n : 2 * n] + from_output[:, n : 2 * n])
    candidate = np.tanh(from_input[:, 2 * n :] + r * from_output[:, 2 * n :])
    return [z * h + (1 - z) * candidate]


def lstm(x, states, w, u, b):
    h, c = states
    i, f, g, o = np.split(x @ w + h @ u + b, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return [sigmoid(o) * np.tanh(c), c]


STEPS = {"simple_rnn": simple_rnn, "gru": gru, "lstm": lstm}


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("dropped", [False, True])
def test_a_step_is_the_textbook_formula(name, dropped):
    rng = np.random.default_rng(1)
    cell = CELLS[name](5, 4, random.Random(1))
    for variable in cell.trainable_variables:
        variable.assign(rng.normal(size=variable.shape))
    weights = [cell.kernel.numpy(), cell.recurrent_kernel.numpy(), cell.bias.numpy()]
    inputs = rng.normal(size=(3, 5)).astype(np.float32)
    states = [rng.normal(size=(3, 4)).astype(np.float32) for _ in range(cell.state_count)]
    mask = rng.choice([0.0, 2.0], size=(3, 4)).astype(np.float32) if dropped else None

    found = cell.step(cell.project(tf.constant(inputs)), [tf.constant(state) for state in states], mask)

    expected = STEPS[name](inputs, states, *weights)
    if dropped:
        # Dropout acts on the way into the gates: the same as scaling the rows of the recurrent kernel, row by row.
        expected = [
            np.concatenate(rows)
            for rows in zip(
                *(
                    STEPS[name](
                        inputs[row : row + 1],
                        [state[row : row + 1] for state in states],
                        weights[0],
                        mask[row][:, None] * weights[1],
                        weights[2],
                    )
                    for row in range(3)
                ),
                strict=True,
            )
        ]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_lstms_forget_gate_starts_open():
    bias = CELLS["lstm"](2, 3, random.Random(1)).bias.numpy()
    assert bias.tolist() == [0] * 3 + [1] * 3 + [0] * 6


def test_recurrent_dropout_scales_what_it_keeps():
    dropout = RecurrentDropout(0.5, seed=1)
    mask = dropout.mask(tf.constant(100), 50, training=True).numpy()
    assert set(np.unique(mask)) == {0.0, 2.0}
    assert mask.mean() == pytest.approx(1.0, abs=0.1)
    assert dropout.mask(tf.constant(100), 50, training=False) is None
    assert RecurrentDropout(0.0).mask(tf.constant(100), 50, training=True) is None
