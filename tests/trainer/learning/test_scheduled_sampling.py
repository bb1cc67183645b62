"""Scheduled sampling: its decays, what is read in the place of true tokens, and that it repeats itself."""

import math

import keras
import numpy as np
import pydantic
import pytest
import tensorflow as tf

from tests.trainer.attention_kinds import KINDS
from tests.trainer.learning.toy_batches import BATCH, VOCABULARY, log_softmax, objective_of, toy_model
from trainer.config.objective import ScheduledSamplingConfig
from trainer.learning.scheduled_sampling import read_mixture, true_token_probability

# What is drawn throughout a sequence, dropout of each step being another in each way of reading.
DROPOUT = {"dropout": 0.3, "variational_dropout": True, "recurrent_dropout": 0.2, "embedding_dropout": 0.1}
SEED = tf.constant([3, 4], tf.int64)


def wide_batch(rows=300, target=12):
    """A batch whose true target tokens are 4 throughout, targets being of all lengths."""
    length = np.arange(rows) % target + 1
    present = np.arange(target) < length[:, np.newaxis]
    inputs = np.where(present, 4, 0)
    inputs[:, 0] = 2
    return {
        "source_ids": tf.fill([rows, 2], tf.constant(3, tf.int64)),
        "source_length": tf.fill([rows], tf.constant(2, tf.int64)),
        "target_input_ids": tf.constant(inputs, tf.int64),
        "target_output_ids": tf.constant(np.where(present, 4, 0), tf.int64),
        "target_length": tf.constant(length, tf.int64),
        "example_weight": tf.ones([rows]),
    }, present


def model_with(log_probs, **settings):
    """A model that gives the same distribution at every step, for its logits [vocabulary]."""
    model = toy_model(**settings)
    model.decoder.output_layer.kernel.assign(tf.zeros_like(model.decoder.output_layer.kernel))
    model.decoder.output_layer.bias.assign(tf.constant(log_probs, tf.float32))
    return model


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"decay": "constant", "probability": 0.25}, {0: 0.25, 9_999: 0.25}),
        ({"decay": "linear", "slope": 1e-3}, {0: 1.0, 1: 0.999, 300: 0.7, 1_000: 0.0, 5_000: 0.0}),
        ({"decay": "linear", "slope": 1e-3, "start": 1.2, "minimum": 0.3}, {0: 1.0, 200: 1.0, 600: 0.6, 901: 0.3}),
        ({"decay": "exponential", "base": 0.5}, {0: 1.0, 1: 0.5, 3: 0.125}),
        ({"decay": "exponential", "base": 0.99999, "minimum": 0.1}, {100_000: math.exp(-1.000005), 10**6: 0.1}),
        ({"decay": "inverse_sigmoid", "steepness": 1.0}, {0: 0.5, 1: 1 / (1 + math.e)}),
        (
            {"decay": "inverse_sigmoid", "steepness": 100.0},
            {0: 100 / 101, 461: 0.4987926, 10**9: 0.0},  # 100 / (100 + e^4.61), e^4.61 = 100.4842
        ),
    ],
)
def test_decays_are_those_of_the_paper(settings, expected):
    config = ScheduledSamplingConfig(**settings)
    for steps, probability in expected.items():
        assert float(true_token_probability(config, tf.constant(steps, tf.int64))) == pytest.approx(probability, 1e-6)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"decay": "linear"}, "decay is 'linear', which needs slope"),
        ({"decay": "constant"}, "decay is 'constant', which needs probability"),
        ({"decay": "exponential", "base": 0.9, "slope": 0.1}, "slope is 0.1, but decay is 'exponential'"),
        ({"decay": "constant", "probability": 0.5, "minimum": 0.1}, "minimum is 0.1, but decay is 'constant'"),
        ({"probability": 0.5}, "probability is 0.5, but decay is 'none'"),
        ({"decay": "exponential", "base": 1.0}, "less than 1"),
        ({"decay": "inverse_sigmoid", "steepness": 0.5}, "greater than or equal to 1"),
    ],
)
def test_settings_that_do_not_fit_the_decay_are_refused(settings, said):
    with pytest.raises(pydantic.ValidationError, match=said):
        ScheduledSamplingConfig(**settings)


def totals_and_gradients(model, **settings):
    objective = objective_of(model, **settings)
    with tf.GradientTape() as tape:
        totals = tf.function(objective)(BATCH)
    gradients = tape.gradient(totals.objective, model.trainable_variables)
    return totals, [tf.convert_to_tensor(gradient) for gradient in gradients]


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("none", "simple_rnn"),
        ("dot", "lstm"),
        ("additive_before", "gru"),
        ("multi_head", "lstm"),
        ("general_fed", "lstm"),
    ],
)
def test_true_tokens_alone_are_teacher_forcing(kind, cell):
    others = {"label_smoothing": 0.1, "guided_attention": {"weight": 0.0 if kind == "none" else 1.0}}
    settings = {**KINDS[kind], "cell": cell, "decoder_layers": 2, **DROPOUT}
    forced = totals_and_gradients(toy_model(**settings), **others)
    sampling = {"decay": "constant", "probability": 1.0}
    mixed = totals_and_gradients(toy_model(**settings), **others, scheduled_sampling=sampling)
    for one, other in zip(tf.nest.flatten(forced), tf.nest.flatten(mixed), strict=True):
        # Small gradients are sums of large terms, which CPUs round by the width of their vectors.
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=max(1e-5, 1e-4 * np.max(np.abs(one))))


@pytest.mark.parametrize("probability", [0.0, 0.3, 0.8])
def test_so_many_tokens_are_true_and_the_start_always_is(probability):
    batch, present = wide_batch()
    model = model_with([0, 0, 0, 0, 0, 0, 30, 0])
    tokens = read_mixture(model, batch, tf.constant(probability), SEED, "sample").tokens.numpy()
    assert (tokens[:, 0] == 2).all()
    np.testing.assert_array_equal(tokens[~present], 0)
    read = tokens[:, 1:][present[:, 1:]]
    assert set(read.tolist()) <= {4, 6}
    # 1,650 tokens: four standard deviations are below 0.05.
    assert (read == 4).mean() == pytest.approx(probability, abs=0.05 if 0 < probability < 1 else 0)


def test_drawn_tokens_follow_the_model_s_distribution_and_are_never_padding_nor_start():
    batch, present = wide_batch(rows=600)
    logits = np.array([5.0, 0.0, 5.0, 1.0, 0.5, -1.0, 1.5, 0.0])
    model = model_with(logits)
    drawn = read_mixture(model, batch, tf.constant(0.0), SEED, "sample").tokens.numpy()[:, 1:][present[:, 1:]]
    expected = np.exp(log_softmax(np.where(np.isin(np.arange(VOCABULARY), [0, 2]), -1e9, logits)))
    np.testing.assert_allclose(np.bincount(drawn, minlength=VOCABULARY) / len(drawn), expected, atol=0.035)
    greedy = read_mixture(model, batch, tf.constant(0.0), SEED, "argmax").tokens.numpy()[:, 1:][present[:, 1:]]
    assert set(greedy.tolist()) == {6}


@pytest.mark.parametrize("kind", ["additive_fed", "general"])
def test_with_own_tokens_alone_the_decoder_reads_what_it_wrote_itself(kind):
    model = toy_model(**KINDS[kind])
    mixture = read_mixture(model, BATCH, tf.constant(0.0), SEED, "argmax")
    memory, state = model.encode(BATCH["source_ids"], BATCH["source_length"])
    token = BATCH["target_input_ids"][:, 0]
    for time in range(4):
        output = model.decoder.step(token, state, memory, BATCH["source_length"])
        # The second row has two tokens, and reads padding after them as in teacher forcing.
        rows = 2 if time < 2 else 1
        np.testing.assert_array_equal(mixture.tokens[:rows, time], token[:rows])
        np.testing.assert_allclose(
            model.decoder.logits(mixture.forced.read_out[:rows, time]), output.logits[:rows], atol=1e-5
        )
        np.testing.assert_allclose(mixture.forced.alignment[:rows, time], output.alignment[:rows], atol=1e-5)
        state = output.state
        logits = np.array(output.logits)
        logits[:, [0, 2]] = -np.inf
        token = tf.constant(logits.argmax(axis=1))


def test_choices_follow_from_seed_steps_and_batch():
    sampling = {"decay": "constant", "probability": 0.5}
    batch, _ = wide_batch(rows=40)
    model = toy_model()

    def loss(seed=1, steps=0):
        return float(objective_of(model, seed, steps, scheduled_sampling=sampling)(batch).objective)

    assert loss() == loss()
    assert len({loss(), loss(seed=2), loss(steps=1), loss(steps=2)}) == 4
    optimizer = keras.optimizers.Adam()
    objective = objective_of(model, 1, optimizer.iterations, scheduled_sampling=sampling)
    compiled = tf.function(lambda: objective(batch).objective)
    assert float(compiled()) == pytest.approx(loss(), rel=1e-6)
    optimizer.iterations.assign(2)
    assert float(compiled()) == pytest.approx(loss(steps=2), rel=1e-6)
    assert loss(steps=2) != pytest.approx(loss(), rel=1e-6)


def test_steps_that_are_taken_let_the_probability_fall():
    model = model_with([0, 0, 0, 0, 0, 0, 30, 0])
    batch, _ = wide_batch(rows=40)
    sampling = {"decay": "linear", "slope": 0.01}
    start = objective_of(model, steps=0, scheduled_sampling=sampling)(batch)
    np.testing.assert_allclose(start.objective, objective_of(model)(batch).objective, rtol=1e-5)
    with tf.GradientTape() as tape:
        late = objective_of(model, steps=100, scheduled_sampling=sampling)(batch).objective
    gradient = tape.gradient(late, model.decoder.output_layer.bias)
    assert np.isfinite(gradient).all()
    assert np.any(gradient)
