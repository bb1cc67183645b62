"""A saved TextProcessor, loaded by a process that has TensorFlow and none of our code."""

import json
import subprocess
import sys

import pytest
import tensorflow as tf

from tests.transform.vocabulary_files import write_vocabulary
from transform.config import TextConfig
from transform.text import TextProcessor, segment
from transform.units import UNITS

TEXTS = ["Ünïcode, don't!", "", "E\u0301te\u0301  \u212bΟΔΟΣ ", "x" * 40, "한국어 \u1112\u1161\u11ab", "a\x00b\tc</s>"]

# Reads each model both ways: as Python does, and by a session on the graph, as the C++ server does.
SCRIPT = """
import json, sys
for name in ("transform", "serving", "keras"):
    sys.modules[name] = None
import tensorflow as tf
tf1 = tf.compat.v1
texts = json.loads(sys.argv[1])
answers = []
for path in sys.argv[2:]:
    loaded = tf.saved_model.load(path)
    source = loaded.signatures["source"](text=tf.constant(texts))
    back = loaded.signatures["detokenize"](ids=source["ids"])
    python = [source["ids"].numpy(), source["length"].numpy(), back["text"].numpy()]
    with tf1.Session(graph=tf.Graph()) as session:
        signatures = tf1.saved_model.load(session, ["serve"], path).signature_def
        source, back = signatures["source"], signatures["detokenize"]
        ids, length = session.run(
            [source.outputs["ids"].name, source.outputs["length"].name], {source.inputs["text"].name: texts}
        )
        text = session.run(back.outputs["text"].name, {back.inputs["ids"].name: ids})
    for ids, length, text in (python, [ids, length, text]):
        answers.append([ids.tolist(), length.tolist(), [x.decode() for x in text]])
print(json.dumps(answers))
"""


def save(unit, folder):
    """Saves a processor with signatures, and takes its vocabulary away; returns the folder and its answers."""
    config = TextConfig(unit=unit, normalization="nfkc", lowercase=True, max_length=16)
    pieces = {piece.decode() for piece in segment(tf.constant(TEXTS), config).values.numpy()}
    folder.mkdir()
    vocabulary = folder / "vocabulary"
    module = tf.Module()
    module.text = TextProcessor(config, write_vocabulary(vocabulary, sorted(pieces)))
    signatures = {
        "source": tf.function(
            lambda text: module.text.source(text)._asdict(), [tf.TensorSpec([None], tf.string, name="text")]
        ),
        "detokenize": tf.function(
            lambda ids: module.text.detokenize(ids)._asdict(), [tf.TensorSpec([None, None], tf.int64, name="ids")]
        ),
    }
    tf.saved_model.save(module, str(folder / "model"), signatures=signatures)
    source = module.text.source(tf.constant(TEXTS))
    text = [x.decode() for x in module.text.detokenize(source.ids).text.numpy()]
    vocabulary.unlink()
    return folder / "model", [source.ids.numpy().tolist(), source.length.numpy().tolist(), text]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return [save(unit, folder / unit) for unit in UNITS]


def test_a_fresh_process_gives_the_same_answers(saved, tmp_path):
    command = [sys.executable, "-c", SCRIPT, json.dumps(TEXTS), *(str(model) for model, _ in saved)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout.splitlines()[-1])
    assert answers == [expected for _, expected in saved for _ in ("python", "session")]


def test_a_saved_model_stays_small(saved):
    # The tables of Unicode are there once, not once for every signature.
    for model, _ in saved:
        assert (model / "saved_model.pb").stat().st_size < 800_000
