"""The served model: beams, starts that are given, draws, and unknown tokens, for every kind of attention."""

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.attention_kinds import KINDS
from tests.trainer.export.test_saved_model import MODELS, texts
from tests.trainer.toy_export import serve_toy
from trainer.config.decoding import DecodingConfig
from trainer.decoding.answer import most_attended

N_BEST = DecodingConfig(
    beam_size=5, n_best=4, length_penalty="gnmt", no_repeat_ngram=3, suppress_unknown=True, sample_size=3
)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A served model for each of MODELS, by its attention."""
    root = tmp_path_factory.mktemp("served")
    return {
        kind: serve_toy(root / kind, index, N_BEST, cell=cell, **KINDS[kind])
        for index, (cell, kind) in enumerate(MODELS)
    }


def call(signature, *inputs):
    return {name: value.numpy() for name, value in signature(*(tf.constant(value) for value in inputs)).items()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_hypothesis_has_the_log_probs_that_scoring_gives_its_text(served, kind):
    model, text = served[kind], texts(11)
    answered = call(model.serving_default, text)
    assert answered["translations"].shape == (11, 4)
    assert (answered["translation"] == answered["translations"][:, 0]).all()
    for place in range(4):
        scored = call(model.score, text, answered["translations"][:, place])
        np.testing.assert_allclose(scored["log_prob"], answered["log_probs"][:, place], atol=1e-4)
        lengths = (answered["tokens"][:, place] != b"").sum(axis=1)
        penalized = answered["log_probs"][:, place] / ((5 + lengths) / 6) ** 0.6
        np.testing.assert_allclose(answered["scores"][:, place], penalized, rtol=1e-4)
    for row in answered["translations"]:
        assert len(set(row)) == 4
        assert not any(b"\xef\xbf\xbd" in translation for translation in row)
    assert (np.diff(answered["scores"], axis=1) <= 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_n_best_of_a_line_do_not_depend_on_the_others(served, kind):
    model, text = served[kind], texts(9)
    together = call(model.serving_default, text)
    for row, line in enumerate(text):
        alone = call(model.serving_default, [line])
        target, source = alone["alignment"].shape[2:]
        assert alone["translations"][0].tolist() == together["translations"][row].tolist()
        np.testing.assert_allclose(alone["scores"][0], together["scores"][row], atol=1e-5)
        np.testing.assert_allclose(alone["token_log_probs"][0], together["token_log_probs"][row, :, :target], atol=1e-5)
        np.testing.assert_allclose(alone["alignment"][0], together["alignment"][row, :, :target, :source], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_is_completed_from_its_start(served, kind):
    model, text = served[kind], texts(6)
    starts = ["", "u v", "z", "x ? ?", "w w w w w w w w w w w w", "  y  "]
    answered = call(model.complete, text, starts)
    free = call(model.serving_default, text)
    assert answered["translations"][0].tolist() == free["translations"][0].tolist()
    for row, start in enumerate(starts):
        units = start.split()[:9]
        for translation in answered["translations"][row]:
            if translation or not units:
                assert translation.decode().split()[: len(units)] == units, "what is unknown is given back as it was"
    # Nine units are the most that there may be: one hypothesis, and three places that nothing fills.
    assert answered["translations"][4].tolist() == [b"w w w w w w w w w", b"", b"", b""]
    assert (answered["scores"][4, 1:] == np.float32(-1e9)).all()
    known = [1, 2, 5]
    scored = call(model.score, [text[row] for row in known], answered["translation"][known])
    np.testing.assert_allclose(scored["log_prob"], answered["log_probs"][known, 0], atol=1e-4)


def test_draws_follow_the_seed_of_the_row(served):
    model, text = served["general"], ["abc"] * 40
    drawn = call(model.sample, text, np.arange(40))
    assert drawn["translations"].shape == (40, 3)
    assert len(set(drawn["translations"].ravel().tolist())) > 20
    alone = call(model.sample, ["abc"], np.array([17]))
    assert alone["translations"][0].tolist() == drawn["translations"][17].tolist()
    scored = call(model.score, text, drawn["translation"])
    np.testing.assert_allclose(scored["log_prob"], drawn["log_probs"][:, 0], atol=1e-4)


def test_the_source_token_that_is_looked_at_most_takes_the_place_of_the_unknown_one(tmp_path):
    served = serve_toy(tmp_path, decoding=DecodingConfig(beam_size=1, replace_unknown=True), attention="general")
    bias = served._model.decoder.output_layer.bias
    bias.assign(bias + 50.0 * np.eye(10, dtype=np.float32)[1])  # nothing but unknown tokens
    answered = call(served.serving_default, ["ab?é", "", "h"])
    for row, source in enumerate(["ab?é", "", "h"]):
        alignment = answered["alignment"][row, 0, :9, : len(source)]
        expected = [source[place] for place in alignment.argmax(axis=1)] if source else ["\ufffd"] * 9
        assert answered["translation"][row].decode() == " ".join(expected)
        shown = expected if source else ["<unk>"] * 9
        assert [token.decode() for token in answered["tokens"][row, 0]] == [*shown, "</s>"]


def test_the_end_of_the_source_takes_no_unknown_tokens_place():
    alignment = tf.constant([[[[0.1, 0.3, 0.6], [0.5, 0.3, 0.2]]], [[[0.9, 0.1, 0.0], [0.0, 1.0, 0.0]]]])
    tokens = tf.constant([["a", "b", "</s>"], ["</s>", "", ""]])
    found = most_attended(alignment, tokens, tf.constant([3, 1], tf.int64))
    assert found.numpy().tolist() == [[[b"b", b"a"]], [[b"", b""]]]
