"""What the C API's loader, that of the C++ server, makes of a SavedModel is what the local server answers."""

import numpy as np
import pytest

from serving import contract
from tests.serving.c_api import CSavedModel
from tests.serving.calls import examples, outputs_of, predict_request, spec

TEXTS = np.array([b"hello", b"", "日本ا🙂".encode(), b"\xff", b"a longer line"], object)


@pytest.fixture(scope="module")
def translator(models):
    with CSavedModel(models / "translator" / "1") as model:
        yield model


def assert_answers_agree(address, model, name, signature, inputs):
    ours = address.prediction.Predict(predict_request(spec(name, signature=signature), inputs))
    theirs = model.run(signature, inputs)
    found = outputs_of(ours)
    assert sorted(found) == sorted(theirs)
    for output, value in theirs.items():
        assert found[output].dtype == value.dtype
        if value.dtype == object:
            assert found[output].tolist() == value.tolist(), output
        else:
            np.testing.assert_allclose(found[output], value, rtol=1e-5, atol=1e-5, err_msg=output)
    return theirs


def test_every_signature_of_a_translator(local, translator):
    text = {contract.TEXT: TEXTS}
    assert_answers_agree(local, translator, "translator", contract.SERVING_DEFAULT, text)
    start = assert_answers_agree(local, translator, "translator", contract.ENCODE, text)
    step = {name: start[name] for name in (contract.TOKEN, contract.STATE, contract.MEMORY, contract.SOURCE_LENGTH)}
    after = assert_answers_agree(local, translator, "translator", contract.DECODE_STEP, step)
    ids = {contract.TOKENS: after[contract.TOP_TOKENS]}
    assert_answers_agree(local, translator, "translator", contract.DETOKENIZE, ids)


def test_serialized_examples(local, models):
    serialized = [example.SerializeToString() for example in examples(1, -2).example_list.examples]
    with CSavedModel(models / "numbers" / "3") as model:
        for signature in ("classify", "regress"):
            inputs = {"inputs": np.array(serialized, object)}
            assert_answers_agree(local, model, "numbers", signature, inputs)


def test_errors_are_those_of_the_runtime(local, translator):
    with pytest.raises(RuntimeError, match=r"3: Expects arg\[0\] to be string but float is provided"):
        translator.run(contract.SERVING_DEFAULT, {contract.TEXT: np.float32([1])})
