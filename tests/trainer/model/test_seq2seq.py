"""The whole model: padding, seeds, dropout."""

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.attention_kinds import KINDS
from trainer.config.model import ModelConfig
from trainer.learning.loss import token_totals
from trainer.model.product import products_in
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


PADDED = [
    *({"cell": "gru", **settings} for settings in KINDS.values()),
    {"cell": "lstm", "layer_normalization": True, "residual": True, **KINDS["general_fed"]},
    {"cell": "simple_rnn", "tie_target_embedding": True, "share_embeddings": True},
]


def build(seed=1, **settings):
    target = 12 if settings.get("share_embeddings") else 11
    settings = {"embedding_size": 4, "encoder_units": 3, "decoder_units": 4, "encoder_layers": 2, **settings}
    return Seq2Seq(ModelConfig(**settings), 12, target, seed)


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


@pytest.mark.parametrize("settings", PADDED)
def test_padding_changes_neither_output_nor_gradient(settings):
    model = build(decoder_layers=2, **settings)
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
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_no_gradient_reaches_the_embedding_of_padding():
    model = build()
    _, gradients = loss_and_gradients(model, batch(source=2, target=2, rows=2))
    by_name = {variable.path: value for variable, value in zip(model.trainable_variables, gradients, strict=True)}
    embeddings = [value for path, value in by_name.items() if "embedding" in path]
    assert len(embeddings) == 2
    for gradient in embeddings:
        assert not np.any(gradient[0])


def test_tied_logits_are_products_with_the_target_embeddings():
    model = build(tie_target_embedding=True)
    embeddings, bias = model.decoder.embedding.embeddings, model.decoder.output_layer.bias
    bias.assign(np.arange(11.0))
    assert model.count_params() == build().count_params() - 4 * 11, "the matrix of the logits is left out"
    expected = model.read_out(batch()).numpy() @ embeddings.numpy().T + np.arange(11.0)
    np.testing.assert_allclose(model(batch()), expected, atol=1e-5)


def test_shared_embeddings_are_one_weight_that_both_sides_train():
    model = build(share_embeddings=True)
    assert model.encoder.embedding is model.decoder.embedding
    assert sum(variable.name == "embeddings" for variable in model.trainable_variables) == 1
    _, gradients = loss_and_gradients(model, batch())
    by_name = dict(zip([variable.name for variable in model.trainable_variables], gradients, strict=True))
    for token in (8, 2):  # of the source alone, of the target alone
        assert np.any(by_name["embeddings"][token])


def test_two_vocabularies_share_no_embeddings():
    with pytest.raises(ValueError, match="share_embeddings is true, but the source has 12 tokens and the target 11"):
        Seq2Seq(ModelConfig(share_embeddings=True), 12, 11)


def test_embedding_dropout_drops_a_token_wherever_it_stands():
    embedding = build(embedding_dropout=0.5).decoder.embedding
    ids = tf.constant([[5, 6], [7, 6], [5, 8], [5, 6]], tf.int64)  # [time, batch]
    kept = {bool(np.any(embedding.embed(ids, embedding.mask(2)).numpy()[0, 0])) for _ in range(20)}
    assert kept == {False, True}
    for _ in range(5):
        embedded = embedding.embed(ids, embedding.mask(2)).numpy()
        for row in range(2):
            for token in (5, 6):
                found = embedded[:, row][ids.numpy()[:, row] == token]
                assert (found == found[:1]).all()
                plain = embedding.embeddings.numpy()[token]
                assert not found.any() or np.allclose(found, 2 * plain)


@pytest.mark.parametrize("kind", ["dot", "multi_head", "additive_fed"])
def test_products_in_bfloat16_change_the_logits_by_their_rounding(kind):
    settings = KINDS[kind]
    model = build(tie_target_embedding=True, embedding_size=settings.get("decoder_units", 4), **settings)
    model.decoder.embedding.embeddings.assign(10 * model.decoder.embedding.embeddings)
    exact = model(batch())
    with products_in(tf.bfloat16):
        rounded = model(batch())
    assert rounded.dtype == tf.float32
    difference = np.abs(rounded - exact).max() / np.abs(exact).max()
    assert 1e-6 < difference < 0.03


def test_the_seed_decides_the_weights():
    one, same, other = (build(seed=seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(*pair) for pair in zip(one, same, strict=True))
    assert not all(np.array_equal(*pair) for pair in zip(one, other, strict=True))
    matrices = [weights.tobytes() for weights in one if weights.ndim == 2]
    assert len(set(matrices)) == len(matrices), "two matrices start the same"


@pytest.mark.parametrize(
    ("kind", "dropout"),
    [
        ("none", "variational"),
        ("general", "recurrent"),
        ("general", "embedding"),
        ("additive_before", "dropout"),
        ("general_fed", "variational"),
    ],
)
def test_dropout_acts_in_training_alone_and_follows_the_seed(kind, dropout):
    settings = {"decoder_layers": 2, **KINDS[kind]}
    plain, one, same = build(**settings), build(**settings, **DROPOUT[dropout]), build(**settings, **DROPOUT[dropout])
    for model in (one, same):
        for variable, value in zip(model.trainable_variables, plain.trainable_variables, strict=True):
            variable.assign(value)
    np.testing.assert_array_equal(one(batch()), plain(batch()))
    first = one(batch(), training=True)
    assert np.any(np.abs(first - plain(batch())) > 1e-6)
    np.testing.assert_array_equal(first, same(batch(), training=True))


def test_dropout_leaves_gradients_finite():
    model = build(
        encoder_layers=1,
        **KINDS["additive_before"],
        dropout=0.3,
        recurrent_dropout=0.3,
        embedding_dropout=0.3,
        residual=True,
    )

    @tf.function
    def gradients(inputs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.math.log_softmax(model(inputs, training=True)))
        return [tf.convert_to_tensor(value) for value in tape.gradient(loss, model.trainable_variables)]

    assert all(np.all(np.isfinite(value)) for value in gradients(batch(rows=1)))


@pytest.mark.parametrize("bidirectional", [False, True])
def test_one_token_each_is_enough(bidirectional):
    model = build(bidirectional=bidirectional)
    inputs = {"source_ids": [[3]], "source_length": [1], "target_input_ids": [[2]]}
    inputs = {name: tf.constant(value, tf.int64) for name, value in inputs.items()}
    assert model(inputs).shape == (1, 1, 11)
