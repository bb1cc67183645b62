"""A window of spans that moves on: what is analyzed again, and that all is as if everything had been."""

import collections
import logging
import random

import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_transform.tf_metadata import schema_utils
from tfx.proto import transform_pb2
from tfx.types import standard_artifacts
from tfx.utils import json_utils, proto_utils

from components.example_gen import executor as example_gen
from components.example_gen.settings import pack_patterns, pack_settings
from components.transform import Executor
from pipeline.generation import direct_runner_arguments
from serving.contract import SPECIAL_TOKENS
from tests.components.text_data import data_config, tsv
from tests.transform.subwords import reference
from transform.config import TextConfig
from transform.subwords.learning import learn_pieces

pytestmark = pytest.mark.tfx

ROWS, EVAL_ROWS = 40, 1
LONGEST = 40
WORDS = ["low", "lower", "lowest", "new", "newer", "newest", "wide", "wider", "widest"]


def write_span(base, number, seed=None):
    """Writes a span: texts of words, some of which no other span has, to their letters."""
    draw = random.Random(number if seed is None else seed)
    own = ["".join(draw.choices("abcxyz", k=4)) for _ in range(3)]
    rows = []
    for _ in range(ROWS):
        text = " ".join(draw.choices(WORDS + own, k=draw.randint(1, 4)))
        rows.append((text, " ".join(text.replace(" ", "_"))))
    base.mkdir(exist_ok=True)
    # Of two files, one is larger.
    for name, part in (("a", rows[:10]), ("b", rows[10:])):
        (base / f"span-{number}-{name}.tsv").write_bytes(tsv(part))
    return rows


class CountingExecutor(Executor):
    """Transform's executor, which keeps Beam's counters."""

    def _make_beam_pipeline(self):
        self.pipeline = super()._make_beam_pipeline()
        return self.pipeline

    def counted(self, name):
        """Sum of the counters of this name."""
        counters = self.pipeline.result.metrics().query()["counters"]
        return sum(counter.committed for counter in counters if counter.key.metric.name == name)


class Window:
    """Runs of ParallelTextExampleGen and Transform over the newest spans, as the pipeline's."""

    def __init__(self, root):
        self.base = root / "data"
        self.cache = root / "cache"
        self._root = root
        self._runs = 0

    def run(self, newest, **sides):
        """Transforms the window; returns what came of it."""
        self._runs += 1
        folder = self._root / f"run-{self._runs}"
        data = data_config(
            self.base,
            window=3,
            span=newest,
            analyzer_cache=True,
            inputs=[
                {"pattern": "span-{SPAN}-*.tsv", "splits": {"train": 1}},
                {"pattern": "eval.tsv", "splits": {"eval": 1}},
            ],
        )
        examples = artifact(standard_artifacts.Examples, folder / "examples")
        context = Executor.Context(
            beam_pipeline_args=direct_runner_arguments(), tmp_dir=str(folder / "tmp"), unique_id="1"
        )
        example_gen.Executor(context).Do(
            {},
            {"examples": [examples]},
            {
                "input_base": data.base,
                "input_config": proto_utils.proto_to_json(pack_patterns(data)),
                "custom_config": proto_utils.proto_to_json(pack_settings(data, "1")),
            },
        )
        schema = artifact(standard_artifacts.Schema, folder / "schema")
        write_schema(folder / "schema")
        outputs = {
            "transform_graph": artifact(standard_artifacts.TransformGraph, folder / "graph"),
            "transformed_examples": artifact(standard_artifacts.Examples, folder / "transformed"),
        }
        text = {side: TextConfig(max_length=LONGEST, **sides[side]).model_dump() for side in ("source", "target")}
        executor = CountingExecutor(context)
        executor.Do(
            {"examples": [examples], "schema": [schema]},
            {name: [output] for name, output in outputs.items()},
            {
                "preprocessing_fn": "tests.components.word_preprocessing.preprocessing_fn",
                "splits_config": proto_utils.proto_to_json(
                    transform_pb2.SplitsConfig(analyze=["train"], transform=["train", "eval"])
                ),
                "custom_config": json_utils.dumps(
                    {
                        **text,
                        "shared_vocabulary": False,
                        "code_version": "1",
                        "analyzer_cache": str(self.cache),
                    }
                ),
                "disable_statistics": 1,
                "force_tf_compat_v1": 0,
            },
        )
        return Outcome(folder, executor.counted("num_instances") - 3 * ROWS - EVAL_ROWS)


class Outcome:
    """What a run left.

    Attributes:
      analyzed: how many examples were analyzed.
      vocabularies: the files' contents, by name.
      ids: of the targets of the training split, in rising order.
      files: the transformed examples' contents, by name.
    """

    def __init__(self, folder, analyzed):
        self.analyzed = analyzed
        assets = folder / "graph" / "transform_fn" / "assets"
        self.vocabularies = {path.name: path.read_bytes() for path in assets.iterdir()}
        paths = list((folder / "transformed" / "Split-train").iterdir())
        self.files = {path.name: path.read_bytes() for path in paths}
        dataset = tf.data.TFRecordDataset([str(path) for path in paths], compression_type="GZIP")
        examples = map(tf.train.Example.FromString, dataset.as_numpy_iterator())
        self.ids = sorted(list(example.features.feature["ids"].int64_list.value) for example in examples)


def write_schema(folder):
    """Writes what TextSchemaGen makes of such spans."""
    spec = {
        "source": tf.io.FixedLenFeature([1], tf.string),
        "target": tf.io.FixedLenFeature([1], tf.string),
        "references": tf.io.VarLenFeature(tf.string),
    }
    folder.mkdir()
    schema = text_format.MessageToString(schema_utils.schema_from_feature_spec(spec))
    (folder / "schema.pbtxt").write_text(schema, encoding="utf-8")


def artifact(kind, path):
    made = kind()
    made.uri = str(path)
    return made


def subwords(rows):
    """The vocabulary of subwords of the source's words."""
    words = collections.Counter(word for source, _ in rows for word in source.split())
    pieces = learn_pieces(words, reference.count_characters(words), 500, 1)
    return "".join(f"{token}\n" for token in (*SPECIAL_TOKENS, *pieces)).encode()


def tokens(rows):
    """The vocabulary of the target's tokens: by frequency, and of one frequency from the last to the first."""
    counts = collections.Counter(token for _, target in rows for token in target.split())
    ranked = sorted(counts, key=lambda token: (counts[token], token), reverse=True)
    return "".join(f"{token}\n" for token in (*SPECIAL_TOKENS, *ranked)).encode()


SIDES = {
    "source": {"unit": "subword", "vocabulary_size": 500},
    "target": {"unit": "space", "on_too_long": "truncate"},
}


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    """A window of three spans that has been transformed once, and the rows of each span as they are after that."""
    window = Window(tmp_path_factory.mktemp("window"))
    rows = {number: write_span(window.base, number) for number in (1, 2, 3)}
    (window.base / "eval.tsv").write_bytes(tsv([("low", "l o w")] * EVAL_ROWS))
    first = window.run(3, **SIDES)
    assert first.analyzed == 3 * ROWS
    check(first, rows)
    # The second span is corrected, and a fourth arrives.
    rows |= {number: write_span(window.base, number, seed) for number, seed in ((2, 9), (4, 4))}
    del rows[1]
    return window, rows


def check(outcome, rows_of_spans):
    """Holds vocabularies and ids to plain Python."""
    rows = [row for of_span in rows_of_spans.values() for row in of_span]
    assert outcome.vocabularies == {"source_vocabulary": subwords(rows), "target_vocabulary": tokens(rows)}
    ids = {token: number for number, token in enumerate(tokens(rows).decode().split("\n"))}
    expected = ([ids[token] for token in target.split()] for _, target in rows)
    assert outcome.ids == sorted(of_row + [0] * (LONGEST - len(of_row)) for of_row in expected)


def test_when_a_window_moves_on_only_spans_that_are_new_or_changed_are_analyzed(window, caplog):
    window, rows = window
    with caplog.at_level(logging.INFO, "seq2seq.transform"):
        moved = window.run(4, **SIDES)
    assert moved.analyzed == 2 * ROWS
    assert "1 of the 3 parts of the training split are known, and not analyzed again" in caplog.messages
    check(moved, rows)
    assert window.run(4, **SIDES).files == moved.files, "what is transformed again comes to the same files"
    assert len(list(window.cache.iterdir())) == 3, "of the spans that have left the window nothing is kept"


def test_other_settings_use_nothing_of_it_and_what_needs_all_texts_is_analyzed_twice(window):
    window, rows = window
    dropped = window.run(4, **SIDES | {"target": {"unit": "space", "on_too_long": "drop"}})
    assert dropped.analyzed == 2 * 3 * ROWS
    check(dropped, rows)
