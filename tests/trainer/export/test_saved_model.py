"""The exported model, as a client sees it: signatures that agree with each other, whoever loads them."""

import json
import random
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.attention_kinds import KINDS
from tests.trainer.toy_export import SOURCE_LETTERS, TARGET, export_toy, serve_toy
from trainer.config.decoding import DecodingConfig

CELLS = ("simple_rnn", "gru", "lstm")
MODELS = [(CELLS[index % len(CELLS)], kind) for index, kind in enumerate(KINDS)]
END = 3
GREEDY = DecodingConfig(beam_size=1)


def texts(count, seed=3):
    """Texts of 0 to 15 letters, some of them unknown, some longer than the source may be."""
    draw = random.Random(seed)
    return ["", "abc"] + ["".join(draw.choices(SOURCE_LETTERS + "?", k=draw.randint(0, 15))) for _ in range(count - 2)]


def toy_settings(index):
    """Arguments of the toy of a place in MODELS."""
    cell, kind = MODELS[index]
    further = {"layer_normalization": index % 2 == 1, "tie_target_embedding": index % 3 == 1}
    return {"seed": index, "decoding": GREEDY, "cell": cell, **further, **KINDS[kind]}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Folders of one exported model for each of MODELS."""
    root = tmp_path_factory.mktemp("exported")
    return {key: export_toy(root / key[1], **toy_settings(index)) for index, key in enumerate(MODELS)}


@pytest.fixture(scope="module")
def signatures(exported):
    """The signatures of each of them, and the models, which must be kept for the signatures to work."""
    models = {key: tf.saved_model.load(path) for key, path in exported.items()}
    return {key: (model.signatures, model) for key, model in models.items()}


def call(signatures, name, **inputs):
    return {key: value.numpy() for key, value in signatures[name](**inputs).items()}


def loop_steps(signatures, text):
    """Greedy decoding as a client does it: ids, token log-probabilities and alignment of each row, end included."""
    encoded = call(signatures, "encode", text=tf.constant(text))
    rows = [([], [], []) for _ in text]
    token, state = encoded["token"], encoded["state"]
    for time in range(encoded["max_length"].max() + 1):
        step = call(
            signatures,
            "decode_step",
            token=tf.constant(token),
            state=tf.constant(state),
            memory=tf.constant(encoded["memory"]),
            source_length=tf.constant(encoded["source_length"]),
        )
        token, state = np.where(time < encoded["max_length"], step["top_tokens"][:, 0], END), step["state"]
        for row, (ids, log_probs, alignment) in enumerate(rows):
            if END not in ids:
                ids.append(int(token[row]))
                log_probs.append(step["log_probs"][row, token[row]])
                alignment.append(step["alignment"][row])
    return rows


@pytest.mark.parametrize("index", [1, 3, 7])
def test_what_is_saved_answers_as_what_was_saved(signatures, tmp_path, index):
    model, _ = signatures[MODELS[index]]
    text = texts(17)
    answered = call(model, "serving_default", text=tf.constant(text))
    served = serve_toy(tmp_path, **toy_settings(index))
    for name, value in served.serving_default(tf.constant(text)).items():
        if value.dtype == tf.string:
            np.testing.assert_array_equal(answered[name], value)
        else:
            np.testing.assert_allclose(answered[name], value, atol=1e-5)


@pytest.mark.parametrize("key", MODELS)
@pytest.mark.parametrize("batch", [1, 17])
def test_looping_the_steps_gives_what_serving_default_gives(signatures, key, batch):
    model, _ = signatures[key]
    text = texts(17)[-batch:]
    whole = call(model, "serving_default", text=tf.constant(text))
    rows = loop_steps(model, text)
    lengths = [len(ids) for ids, _, _ in rows]
    assert whole["tokens"].shape == (batch, 1, max(lengths))
    for row, (ids, log_probs, alignment) in enumerate(rows):
        detokenized = call(model, "detokenize", tokens=tf.constant([ids], tf.int64))
        assert whole["translation"][row] == detokenized["text"][0]
        pieces = [*detokenized["pieces"][0, :-1], b"</s>"]
        assert whole["tokens"][row, 0].tolist() == pieces + [b""] * (max(lengths) - len(ids))
        np.testing.assert_allclose(whole["token_log_probs"][row, 0, : len(ids)], log_probs, atol=1e-5)
        np.testing.assert_allclose(whole["alignment"][row, 0, : len(ids)], alignment, atol=1e-5)
        assert not whole["token_log_probs"][row, 0, len(ids) :].any()
        np.testing.assert_allclose(whole["log_probs"][row, 0], sum(log_probs), atol=1e-4)


def test_decoded_lengths_differ_so_that_the_tests_here_see_rows_that_end_early(signatures):
    lengths = {key: {len(ids) for ids, _, _ in loop_steps(model, texts(17))} for key, (model, _) in signatures.items()}
    assert sum(len(found) > 1 for found in lengths.values()) >= 5, lengths
    assert any(max(found) == TARGET.max_length + 1 for found in lengths.values())


@pytest.mark.parametrize("key", MODELS)
def test_the_answer_for_a_line_does_not_depend_on_the_others(signatures, key):
    model, _ = signatures[key]
    text = texts(17)
    together = call(model, "serving_default", text=tf.constant(text))
    for row, line in enumerate(text):
        alone = call(model, "serving_default", text=tf.constant([line]))
        target, source = alone["tokens"].shape[2], alone["source_tokens"].shape[1]
        assert alone["translation"][0] == together["translation"][row]
        assert alone["tokens"][0, 0].tolist() == together["tokens"][row, 0, :target].tolist()
        assert alone["source_tokens"][0].tolist() == together["source_tokens"][row, :source].tolist()
        np.testing.assert_allclose(alone["token_log_probs"][0], together["token_log_probs"][row, :, :target], atol=1e-5)
        np.testing.assert_allclose(alone["alignment"][0], together["alignment"][row, :, :target, :source], atol=1e-5)


@pytest.mark.parametrize("key", MODELS)
def test_scoring_a_translation_gives_the_log_probs_that_it_was_decoded_with(signatures, key):
    model, _ = signatures[key]
    text = texts(17)
    decoded = call(model, "serving_default", text=tf.constant(text))
    known = [row for row in range(17) if b"<unk>" not in decoded["tokens"][row, 0]]
    assert known
    scored = call(
        model,
        "score",
        text=tf.constant([text[row] for row in known]),
        target=tf.constant(decoded["translation"][known]),
    )
    np.testing.assert_allclose(scored["log_prob"], decoded["log_probs"][known, 0], atol=1e-4)
    width = scored["token_log_probs"].shape[1]
    np.testing.assert_allclose(scored["token_log_probs"], decoded["token_log_probs"][known, 0, :width], atol=1e-5)


def example(**texts):
    features = {
        name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()])) for name, text in texts.items()
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def test_examples_are_decoded_as_their_text_and_their_targets_scored(signatures):
    model, _ = signatures["lstm", "general"]
    examples = [example(source="abc", target="u v"), example(source="hé g"), example(source="", target="w", kind="x")]
    answered = call(model, "serving_examples", examples=tf.constant(examples))
    expected = call(model, "serving_default", text=tf.constant(["abc", "hé g", ""]))
    for name, value in expected.items():
        np.testing.assert_array_equal(answered[name], value)
    scored = call(model, "score", text=tf.constant(["abc", ""]), target=tf.constant(["u v", "w"]))
    np.testing.assert_allclose(answered["target_log_prob"][[0, 2]], scored["log_prob"], atol=1e-6)
    assert answered["target_length"].tolist() == [3, 0, 2]
    assert answered["target_log_prob"][1] == 0
    assert answered["source_unknown"].tolist() == [0, 0, 0]
    unknown = call(model, "serving_examples", examples=tf.constant([example(source="aZ日"), example(source="b🙂")]))
    assert unknown["source_unknown"].tolist() == [2, 1]


def test_an_empty_batch_is_answered_with_an_empty_one(signatures):
    model, _ = signatures["gru", "additive_before"]
    answered = call(model, "serving_default", text=tf.constant([], tf.string))
    assert all(value.shape[0] == 0 for value in answered.values())


def test_decoding_settings_are_part_of_the_model(tmp_path):
    folder = export_toy(tmp_path, decoding=DecodingConfig(max_length=2, top_tokens=3))
    model = tf.saved_model.load(folder)
    decoded = call(model.signatures, "serving_default", text=tf.constant(texts(17)))
    assert decoded["tokens"].shape[2] <= 3
    encoded = call(model.signatures, "encode", text=tf.constant(["abc"]))
    assert encoded["max_length"].tolist() == [2]
    inputs = {name: tf.constant(encoded[name]) for name in ("token", "state", "memory", "source_length")}
    step = call(model.signatures, "decode_step", **inputs)
    assert step["top_tokens"].shape == (1, 3)
    order = np.argsort(-step["log_probs"][0], kind="stable")[:3]
    assert step["top_tokens"][0].tolist() == order.tolist()
    np.testing.assert_array_equal(step["top_log_probs"][0], step["log_probs"][0, order])


# Reads each model both ways: as Python does, and by a session on the graph, as the C++ server does.
SCRIPT = """
import json, sys
for name in ("transform", "trainer", "components", "pipeline", "serving", "keras"):
    sys.modules[name] = None
import tensorflow as tf
tf1 = tf.compat.v1
texts = json.loads(sys.argv[1])
answers = []
for path in sys.argv[2:]:
    loaded = tf.saved_model.load(path)
    python = loaded.signatures["serving_default"](text=tf.constant(texts))
    answers.append([[x.decode() for x in python["translation"].numpy()], python["log_probs"].numpy().tolist()])
    with tf1.Session(graph=tf.Graph()) as session:
        signature = tf1.saved_model.load(session, ["serve"], path).signature_def["serving_default"]
        text, log_probs = session.run(
            [signature.outputs["translation"].name, signature.outputs["log_probs"].name],
            {signature.inputs["text"].name: texts},
        )
    answers.append([[x.decode() for x in text], log_probs.tolist()])
print(json.dumps(answers))
"""


def test_a_fresh_process_without_our_code_gives_the_same_answers(exported, signatures, tmp_path):
    text = texts(9, seed=8)
    # Attention after the cell, before it, and fed back; each cell.
    keys = [MODELS[index] for index in (2, 4, 6)]
    command = [sys.executable, "-c", SCRIPT, json.dumps(text), *(exported[key] for key in keys)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout.splitlines()[-1])
    assert len(answers) == 2 * len(keys)
    for index, (translations, log_probs) in enumerate(answers):
        model, _ = signatures[keys[index // 2]]
        expected = call(model, "serving_default", text=tf.constant(text))
        assert [x.encode() for x in translations] == expected["translation"].tolist()
        np.testing.assert_allclose(log_probs, expected["log_probs"], atol=1e-5)
