"""The whole model: padding, seeds, dropout."""

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.attention_kinds import KINDS
from trainer.config.model import ModelConfig
from trainer.learning.loss import token_totals
from trainer.model.seq2seq import Seq2Seq

BATCH = {
    "source_ids": [[5, 6, 7, 3], [8, 3, 0, 0], [4, 9, 3, 0]],
    "source_length": [4, 2, 3],
    "target_input_ids": [[2, 5, 6], [2, 9, 0], [2, 0, 0]],
    "target_output_ids": [[5, 6, 3], [9, 3, 0], [3, 0, 0]],
    "target_length": [3, 2, 1],
}
DROPOUT = {
    "dropout": {"dropout": 0.5},
    "variational": {"dropout": 0.5, "variational_dropout": True},
    "recurrent": {"recurrent_dropout": 0.5},
    "embedding": {"embedding_dropout": 0.5},
}


def build(seed=1, **settings):
    settings = {"embedding_size": 4, "encoder_units": 3, "decoder_units": 4, "encoder_layers": 2, **settings}
    return Seq2Seq(ModelConfig(**settings), 12, 11, seed)


def batch(source=0, target=0, rows=0):
    """BATCH with so much more padding."""
    padded = {}
    for name, value in BATCH.items():
        wider = {"source_ids": source, "target_input_ids": target, "target_output_ids": target}.get(name)
        extra = [(0, rows)] + ([] if wider is None else [(0, wider)])
        padded[name] = tf.constant(np.pad(np.array(value, np.int64), extra))
    return padded


def loss_and_gradients(model, inputs):
    with tf.GradientTape() as tape:
        totals = token_totals(model, inputs)
        loss = totals.loss / totals.tokens
    return loss, [tf.convert_to_tensor(value) for value in tape.gradient(loss, model.trainable_variables)]


@pytest.mark.parametrize(
    ("cell", "kind"), [*(("gru", kind) for kind in KINDS), ("lstm", "general_fed"), ("simple_rnn", "dot")]
)
def test_padding_changes_neither_output_nor_gradient(cell, kind):
    model = build(cell=cell, decoder_layers=2, **KINDS[kind])
    logits = model(batch())
    loss, gradients = loss_and_gradients(model, batch())
    assert all(np.any(gradient) for gradient in gradients), "some weight takes no part"
    for extra in ({"source": 3}, {"target": 2}, {"rows": 2}, {"source": 5, "target": 4, "rows": 1}):
        more = model(batch(**extra))[:3, :3]
        np.testing.assert_allclose(more[0], logits[0], atol=1e-6)
        np.testing.assert_allclose(more[1, :2], logits[1, :2], atol=1e-6)
        np.testing.assert_allclose(more[2, :1], logits[2, :1], atol=1e-6)
        padded_loss, padded_gradients = loss_and_gradients(model, batch(**extra))
        np.testing.assert_allclose(padded_loss, loss, rtol=1e-6)
        for one, other in zip(padded_gradients, gradients, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)


def test_no_gradient_reaches_the_embedding_of_padding():
    model = build()
    _, gradients = loss_and_gradients(model, batch(source=2, target=2, rows=2))
    by_name = {variable.path: value for variable, value in zip(model.trainable_variables, gradients, strict=True)}
    embeddings = [value for path, value in by_name.items() if "embedding" in path]
    assert len(embeddings) == 2
    for gradient in embeddings:
        assert not np.any(gradient[0])


def test_the_seed_decides_the_weights():
    one, same, other = (build(seed=seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(*pair) for pair in zip(one, same, strict=True))
    assert not all(np.array_equal(*pair) for pair in zip(one, other, strict=True))
    matrices = [weights.tobytes() for weights in one if weights.ndim == 2]
    assert len(set(matrices)) == len(matrices), "two matrices start the same"


@pytest.mark.parametrize("kind", ["none", "general", "additive_before", "general_fed"])
@pytest.mark.parametrize("dropout", DROPOUT)
def test_dropout_acts_in_training_alone_and_follows_the_seed(kind, dropout):
    settings = {"decoder_layers": 2, **KINDS[kind]}
    plain, one, same = build(**settings), build(**settings, **DROPOUT[dropout]), build(**settings, **DROPOUT[dropout])
    for model in (one, same):
        for variable, value in zip(model.trainable_variables, plain.trainable_variables, strict=True):
            variable.assign(value)
    np.testing.assert_array_equal(one(batch()), plain(batch()))
    first = tf.function(one)(batch(), training=True)
    assert np.any(np.abs(first - plain(batch())) > 1e-6)
    np.testing.assert_array_equal(first, tf.function(same)(batch(), training=True))


def test_dropout_leaves_gradients_finite():
    model = build(**KINDS["additive_before"], dropout=0.3, recurrent_dropout=0.3, embedding_dropout=0.3, residual=True)

    @tf.function
    def gradients(inputs):
        with tf.GradientTape() as tape:
            loss = token_totals(model, inputs, training=True).loss
        return [tf.convert_to_tensor(value) for value in tape.gradient(loss, model.trainable_variables)]

    assert all(np.all(np.isfinite(value)) for value in gradients(batch(rows=1)))


@pytest.mark.parametrize("bidirectional", [False, True])
def test_one_token_each_is_enough(bidirectional):
    model = build(bidirectional=bidirectional)
    inputs = {"source_ids": [[3]], "source_length": [1], "target_input_ids": [[2]]}
    inputs = {name: tf.constant(value, tf.int64) for name, value in inputs.items()}
    assert model(inputs).shape == (1, 1, 11)
