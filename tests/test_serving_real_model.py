"""An exported model behind the local server: its signatures, and steps on the client's side against its own search."""

import dataclasses
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from serving import contract
from serving.client import TranslationClient
from serving.client.errors import RequestError
from serving.client.translation import DETAILS
from serving.server.model_configs import single_model
from serving.server.server import ModelServer, ServerOptions
from serving.step import DecodingSettings, Request, SamplingSettings, StepDecoder
from tests.serving.c_api import CSavedModel
from tests.trainer.toy_export import export_toy
from trainer.config.decoding import DecodingConfig

TEXTS = ["abc", "", "hgfedcba h", "é a", "xyz", "aaaaaaaaaaaaaaaaa", "b", b"\xff c"]
PREFIXES = ["u v", "z", "", "w w w", "u", "v u z", "x", "y"]
SAMPLING = {"sample_size": 3, "temperature": 0.8, "top_k": 6, "top_p": 0.9}
CASES = [
    ({"cell": "simple_rnn", "attention": "none"}, {"beam_size": 1, "top_tokens": 2}),
    (
        {"cell": "lstm", "attention": "general"},
        {
            "beam_size": 4,
            "n_best": 3,
            "length_penalty": "gnmt",
            "coverage_penalty": 0.4,
            "min_length": 2,
            "no_repeat_ngram": 2,
            "suppress_unknown": True,
            "max_length_ratio": 0.8,
        },
    ),
]


@dataclasses.dataclass(frozen=True)
class Served:
    folder: pathlib.Path
    client: TranslationClient
    decoding: DecodingConfig


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case[0]["cell"])
def served(request, tmp_path_factory):
    model, decoding = request.param
    folder = tmp_path_factory.mktemp("model")
    decoding = DecodingConfig(**decoding, **SAMPLING)
    exported = export_toy(folder, decoding=decoding, **model)
    (folder / "versions").mkdir()
    pathlib.Path(exported).rename(folder / "versions" / "1")
    server = ModelServer([single_model("toy", folder / "versions")], ServerOptions(host="localhost", port=0))
    with TranslationClient(f"localhost:{server.port}", "toy") as client:
        yield Served(folder / "versions" / "1", client, decoding)
    server.stop()


def settings_of(decoding):
    names = {field.name for field in dataclasses.fields(DecodingSettings)} - {"min_length", "max_length"}
    return DecodingSettings(**decoding.model_dump(include=names))


def encoded(texts):
    return np.array([text if isinstance(text, bytes) else text.encode() for text in texts], object)


def tokens_of(values, row):
    """Tokens of the hypotheses of a row; places of a short n-best list that nothing fills are left out."""
    filled = values[contract.SCORES][row] > -1e8
    return [tuple(token.decode() for token in one if token) for one in values[contract.TOKENS][row][filled]]


def test_steps_find_what_the_graph_finds(served):
    answers = served.client.translate(TEXTS, DETAILS)
    decoder = StepDecoder(served.client.predictor, settings_of(served.decoding), with_alignment=True)
    for answer, decoded in zip(answers, decoder.decode(TEXTS), strict=True):
        candidates = [one for one in answer.candidates if one.score > -1e8]
        assert [one.tokens for one in decoded.hypotheses] == [one.tokens for one in candidates]
        assert [one.text for one in decoded.hypotheses] == [one.text for one in candidates]
        assert decoded.source_tokens == answer.source_tokens
        for ours, theirs in zip(decoded.hypotheses, candidates, strict=True):
            assert ours.score == pytest.approx(theirs.score, abs=1e-5)
            np.testing.assert_allclose(ours.token_log_probs, theirs.token_log_probs, atol=1e-5)
            np.testing.assert_allclose(ours.alignment, theirs.alignment, atol=1e-5)


def test_steps_complete_what_the_graph_completes(served):
    decoder = StepDecoder(served.client.predictor, settings_of(served.decoding))
    vocabulary = decoder.model.vocabulary()
    inputs = {contract.TEXT: encoded(TEXTS), contract.PREFIX: encoded(PREFIXES)}
    values = served.client.predictor.predict("complete", inputs, [contract.TOKENS, contract.SCORES])
    requests = [
        Request(text, prefix=tuple(vocabulary[token] for token in prefix.split()))
        for text, prefix in zip(TEXTS, PREFIXES, strict=True)
    ]
    for row, decoded in enumerate(decoder.decode(requests)):
        assert [one.tokens for one in decoded.hypotheses] == tokens_of(values, row)


def test_steps_draw_what_the_graph_draws(served):
    seeds = np.arange(len(TEXTS), dtype=np.int64) - 3
    inputs = {contract.TEXT: encoded(TEXTS), contract.SEED: seeds}
    values = served.client.predictor.predict("sample", inputs, [contract.TOKENS, contract.SCORES])
    decoder = StepDecoder(served.client.predictor, settings_of(served.decoding), SamplingSettings(**SAMPLING))
    requests = [Request(text, seed=int(seed)) for text, seed in zip(TEXTS, seeds, strict=True)]
    for row, decoded in enumerate(decoder.decode(requests)):
        assert [one.tokens for one in decoded.hypotheses] == tokens_of(values, row)


# TensorFlow optimises each signature anew, which takes long: one model is enough.
@pytest.mark.parametrize("served", CASES[:1], ids=["simple_rnn"], indirect=True)
def test_the_c_apis_loader_gives_the_same_answers_for_every_signature(served):
    texts = encoded(TEXTS)
    with CSavedModel(served.folder) as model:
        start = model.run(contract.ENCODE, {contract.TEXT: texts})
        given = {
            contract.TEXT: texts,
            contract.TARGET: encoded(PREFIXES),
            contract.PREFIX: encoded(PREFIXES),
            contract.SEED: np.arange(len(texts), dtype=np.int64),
            contract.EXAMPLES: np.array([b""], object),
            contract.TOKENS: np.int64([[4, 5, 3], [6, 3, 0]]),
            **start,
        }
        given[contract.EXAMPLES] = _examples(texts, PREFIXES)
        for name, signature in sorted(model.signatures.items()):
            if name.startswith("__"):
                continue  # TensorFlow's own, for its savers
            inputs = {alias: given[alias] for alias in signature.inputs}
            theirs = model.run(name, inputs)
            ours = served.client.predictor.predict(name, inputs, sorted(theirs))
            for output, value in theirs.items():
                if value.dtype == object:
                    assert ours[output].tolist() == value.tolist(), (name, output)
                else:
                    np.testing.assert_allclose(ours[output], value, atol=1e-5, err_msg=f"{name} {output}")


def _examples(texts, targets):
    def feature(value):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    return np.array(
        [
            tf.train.Example(
                features=tf.train.Features(feature={"source": feature(text), "target": feature(target.encode())})
            ).SerializeToString()
            for text, target in zip(texts, targets, strict=True)
        ],
        object,
    )


STEP = (contract.STATE, contract.MEMORY, contract.SOURCE_LENGTH, contract.TOKEN)
MALFORMED = {
    "a wrong type": (contract.SERVING_DEFAULT, lambda _: {contract.TEXT: np.float32([1])}),
    "a text of a wrong rank": (contract.SERVING_DEFAULT, lambda _: {contract.TEXT: np.array([[b"a"]], object)}),
    "a text without a rank": (contract.SERVING_DEFAULT, lambda _: {contract.TEXT: np.array(b"a", object)}),
    "examples of a wrong rank": (contract.SERVING_EXAMPLES, lambda _: {contract.EXAMPLES: np.array([[b""]], object)}),
    "a seed of a wrong rank": (
        contract.SAMPLE,
        lambda _: {contract.TEXT: encoded(["a"]), contract.SEED: np.int64([[1]])},
    ),
    "no example": (contract.SERVING_EXAMPLES, lambda _: {contract.EXAMPLES: np.array([b"\xff\xfe"], object)}),
    "a short state": (contract.DECODE_STEP, lambda step: {**step, contract.STATE: step[contract.STATE][:, :-1]}),
    "a token out of range": (contract.DECODE_STEP, lambda step: {**step, contract.TOKEN: np.int64([10**9])}),
    "ids of a wrong rank": (contract.DETOKENIZE, lambda _: {contract.TOKENS: np.int64([1, 2])}),
    "a missing input": (contract.SCORE, lambda _: {contract.TEXT: encoded(["a"])}),
}
OUTPUTS = {
    contract.SERVING_DEFAULT: contract.TRANSLATION,
    contract.SERVING_EXAMPLES: contract.TRANSLATION,
    contract.SAMPLE: contract.TRANSLATION,
    contract.DECODE_STEP: contract.STATE,
    contract.DETOKENIZE: contract.TEXT,
    contract.SCORE: contract.LOG_PROB,
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_request_gets_a_status_and_leaves_the_server_serving(served, kind):
    predictor = served.client.predictor
    step = predictor.predict(contract.ENCODE, {contract.TEXT: encoded(["abc"])}, STEP)
    signature, inputs = MALFORMED[kind]
    with pytest.raises(RequestError) as raised:
        predictor.predict(signature, inputs(step), [OUTPUTS[signature]])
    assert raised.value.message
    assert len(served.client.translate(["abc"])) == 1


def test_texts_of_any_kind_are_translated(served):
    assert len(served.client.translate(["abc", "", "a" * 100_000, b"\xff\x00\xfe", "\u202eא\U0001f642"])) == 5
    outputs = [contract.TRANSLATION]
    empty = served.client.predictor.predict(contract.SERVING_DEFAULT, {contract.TEXT: encoded([])}, outputs)
    assert empty[contract.TRANSLATION].shape == (0,)
