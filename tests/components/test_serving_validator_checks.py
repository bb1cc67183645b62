"""A model whose signatures agree passes; one that is wrong in any of them is told with the request and the answer."""

import numpy as np
import pytest
import tensorflow as tf

from components.serving_validator.caller import Caller
from components.serving_validator.checks import check_signatures
from components.serving_validator.errors import NoAnswerError, RejectedError
from components.serving_validator.latency import measure_latency
from components.serving_validator.sample import read_sample
from serving import contract
from serving.server.model_configs import single_model
from serving.server.server import ModelServer, ServerOptions
from tests.components.toy_examples import SOURCES, write_split
from tests.serving.conftest import free_port
from tests.trainer.toy_export import export_toy
from trainer.config.decoding import DecodingConfig

MODELS = {
    "greedy": (
        DecodingConfig(beam_size=1, replace_unknown=True, min_length=2, max_length_ratio=0.8),
        {"attention": "additive", "attention_place": "before", "cell": "gru"},
    ),
    "beam": (
        DecodingConfig(
            beam_size=4, n_best=3, sample_size=2, length_penalty="gnmt", coverage_penalty=0.2, no_repeat_ngram=2
        ),
        {},
    ),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of all of MODELS."""
    folder = tmp_path_factory.mktemp("models")
    for seed, (name, (decoding, settings)) in enumerate(MODELS.items()):
        export_toy(folder / "made" / name, seed=seed, decoding=decoding, **settings)
        (folder / name).mkdir()
        (folder / "made" / name / "model").rename(folder / name / "1")
    server = ModelServer([single_model(name, folder / name) for name in MODELS], ServerOptions("localhost", port=0))
    yield f"localhost:{server.port}"
    server.stop()


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return read_sample([write_split(tmp_path_factory.mktemp("examples"))], 40)


def test_examples_of_all_lengths_are_picked(tmp_path):
    sample = read_sample([write_split(tmp_path)], 5)
    lengths = [len(source) for source in sample.sources]
    assert len(lengths) == 5
    assert lengths == sorted(lengths)
    assert lengths[0] == min(map(len, SOURCES))
    assert lengths[-1] == max(map(len, SOURCES))
    assert len(read_sample([write_split(tmp_path)], 1000).records) == len(SOURCES)


def test_a_split_without_examples_is_refused(tmp_path):
    path = str(tmp_path / "empty.gz")
    tf.io.TFRecordWriter(path, "GZIP").close()
    with pytest.raises(ValueError, match=r"empty\.gz"):
        read_sample([path], 5)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_whose_signatures_agree_passes(server, sample, name):
    with Caller(server, name) as caller:
        check_signatures(caller, sample, MODELS[name][0])


class Tampering(Caller):
    """Changes one output of one signature, as a model would that is wrong there."""

    def __init__(self, address, signature, output, change):
        super().__init__(address, "beam")
        self._where = (signature, output)
        self._change = change

    def predict(self, signature, inputs, outputs):
        values = super().predict(signature, inputs, outputs)
        if signature == self._where[0] and self._where[1] in values:
            values[self._where[1]] = self._change(values[self._where[1]])
        return values


def last_row(values, change):
    return np.concatenate([values[:-1], change(values[-1:])])


FAULTS = {
    "steps of another distribution": (contract.DECODE_STEP, contract.LOG_PROBS, lambda v: v[:, ::-1].copy(), "step"),
    "states of another step": (contract.DECODE_STEP, contract.STATE, lambda v: v * 0.5, "step"),
    "states that do not fit": (contract.DECODE_STEP, contract.STATE, lambda v: v[:, :-1], "decode_step"),
    "steps with too few rows": (contract.DECODE_STEP, contract.LOG_PROBS, lambda v: v[:-1], "wrong shapes"),
    "memory of another row": (contract.ENCODE, contract.MEMORY, lambda v: v[::-1].copy(), "step"),
    "texts of other ids": (contract.DETOKENIZE, contract.TEXT, lambda v: v[::-1].copy(), "step"),
    "tokens of other ids": (contract.DETOKENIZE, contract.PIECES, lambda v: v[:, ::-1].copy(), "step"),
    "other scores for examples": (contract.SERVING_EXAMPLES, contract.SCORES, lambda v: v - 0.01, "serving_examples"),
    "other texts for examples": (
        contract.SERVING_EXAMPLES,
        contract.TRANSLATION,
        lambda v: last_row(v, lambda row: row + b"!"),
        "serving_examples",
    ),
    "a target's score": (contract.SERVING_EXAMPLES, contract.TARGET_LOG_PROB, lambda v: v + 0.1, "score"),
    "a score that is no sum": (contract.SCORE, contract.TOKEN_LOG_PROBS, lambda v: v * 1.1, "score"),
    "other source tokens": (contract.TRANSFORM, contract.SOURCE_TOKENS, lambda v: v[::-1].copy(), "transform"),
    "other lengths": (contract.ENCODE, contract.SOURCE_LENGTH, lambda v: v + 1, "lengths"),
    "texts that do not begin as told": (contract.COMPLETE, contract.TOKENS, lambda v: v[::-1].copy(), "complete"),
    "drawn texts": (contract.SAMPLE, contract.TRANSLATIONS, lambda v: v[:, :1], "wrong shape"),
    "a best text that is not the first": (
        contract.SERVING_DEFAULT,
        contract.TRANSLATION,
        lambda v: last_row(v, lambda row: row + b"!"),
        "not the first",
    ),
    "texts that are not sorted": (contract.SERVING_DEFAULT, contract.SCORES, lambda v: v[:, ::-1].copy(), "sorted"),
}


@pytest.mark.parametrize(("signature", "output", "change", "said"), FAULTS.values(), ids=FAULTS)
def test_a_wrong_answer_is_found(server, sample, signature, output, change, said):
    with (
        Tampering(server, signature, output, change) as caller,
        pytest.raises(RejectedError, match=said) as rejection,
    ):
        check_signatures(caller, sample, MODELS["beam"][0])
    assert rejection.value.request in str(rejection.value)
    assert rejection.value.answer in str(rejection.value)
    assert "\n" not in str(rejection.value)
    assert len(str(rejection.value)) < 3000


def test_an_answer_that_depends_on_the_batch_is_found(server, sample):
    class Mixing(Caller):
        def predict(self, signature, inputs, outputs):
            values = super().predict(signature, inputs, outputs)
            if len(inputs.get(contract.TEXT, ())) > 1:
                values = {name: np.roll(value, 1, axis=0) for name, value in values.items()}
            return values

    with Mixing(server, "beam") as caller, pytest.raises(RejectedError, match="depends on the others"):
        check_signatures(caller, sample, MODELS["beam"][0])


def test_the_servers_refusal_is_told_with_the_request(server):
    with Caller(server, "beam") as caller, pytest.raises(RejectedError) as rejection:
        caller.predict("translate", {contract.TEXT: np.array([b"abc" * 200], object)}, [])
    assert "translate" in rejection.value.answer
    assert 'key "translate" not found' in rejection.value.answer
    assert rejection.value.request.startswith("translate(text=['abcabc")
    assert len(rejection.value.request) < 300


def test_figures_that_are_not_numbers_are_refused(server, sample):
    with Caller(server, "beam") as caller:
        encoded = caller.predict(
            contract.ENCODE,
            {contract.TEXT: np.array(sample.sources[:2], object)},
            [contract.STATE, contract.MEMORY, contract.SOURCE_LENGTH, contract.TOKEN],
        )
        encoded[contract.STATE] = np.full_like(encoded[contract.STATE], np.nan)
        with pytest.raises(RejectedError, match="log_probs of decode_step is not a number"):
            caller.predict(contract.DECODE_STEP, encoded, [contract.LOG_PROBS])


def test_silence_is_not_the_models_fault():
    with (
        Caller(f"localhost:{free_port()}", "beam") as caller,
        pytest.raises(NoAnswerError, match=r"no answer to encode"),
    ):
        caller.predict(contract.ENCODE, {contract.TEXT: np.array([b"abc"], object)}, [contract.STATE])


def test_a_call_that_takes_too_long_is_silence(server, sample):
    with Caller(server, "beam", deadline_seconds=0.001) as caller, pytest.raises(NoAnswerError, match="DEADLINE"):
        check_signatures(caller, sample, MODELS["beam"][0])


def test_latency_of_one_text_and_of_many(server, sample):
    with Caller(server, "beam") as caller:
        one, many = (measure_latency(caller, sample, size) for size in (1, 32))
    assert 0 < one.p50 <= one.p95
    assert 0 < many.p50 <= many.p95
    assert (one.batch_size, many.batch_size) == (1, 32)
