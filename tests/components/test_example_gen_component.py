"""ParallelTextExampleGen as TFX launches it: output, records, cache, spans, and what a failure leaves."""

import json
import logging
import os

import pytest
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from components.example_gen import ParallelTextExampleGen
from components.example_gen.rows import DataError
from tests.components.text_data import data_config, read_examples, tsv
from tests.components.toy_pipeline import last_artifact, run, runs

pytestmark = pytest.mark.tfx

NODE = "ParallelTextExampleGen"


class Task:
    """A folder of data, and runs of a pipeline that is the component alone."""

    def __init__(self, root):
        self.root = root
        self.data = root / "data"
        self.data.mkdir()

    def write(self, name, *rows):
        """Writes a file of the data; its time of change is never that of the file before."""
        path = self.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.stat().st_mtime_ns if path.exists() else 0
        path.write_bytes(tsv(rows))
        if path.stat().st_mtime_ns == before:
            os.utime(path, ns=(before, before + 1000))

    def run(self, code_version="1", **settings):
        """State of the component after a run."""
        data = data_config(self.data, **settings)
        return run(self.root, [ParallelTextExampleGen(data, code_version=code_version)]).nodes[NODE]

    def examples(self, split):
        """Examples of a split that were written last."""
        return read_examples(self.output().glob(f"Split-{split}/*.gz"))

    def output(self):
        """Folder of the examples that were written last."""
        return self.root.__class__(last_artifact(self.root, "Examples").uri)


@pytest.fixture
def task(tmp_path):
    task = Task(tmp_path)
    task.write("train.tsv", ("a", "A"), ("b", "B"))
    task.write("eval.tsv", ("c", "C"), ("c", "CC"))
    return task


INPUTS = [{"pattern": "train*.tsv", "splits": {"train": 1}}, {"pattern": "eval.tsv", "splits": {"eval": 1}}]


def test_the_artifact_is_what_tfx_expects_and_the_settings_are_recorded(task, caplog):
    with caplog.at_level(logging.INFO, logger="seq2seq.example_gen"):
        assert task.run(inputs=INPUTS, code_version="fingerprint") == "completed"
    assert "train 2 pairs, eval 2 pairs" in [record.getMessage() for record in caplog.records]
    assert [(x["source"], x["target"], x["references"]) for x in task.examples("train")] == [
        (["a"], ["A"], ["A"]),
        (["b"], ["B"], ["B"]),
    ]
    assert task.examples("eval") == [{"source": ["c"], "target": ["C"], "references": ["C", "CC"]}]
    artifact = last_artifact(task.root, "Examples")
    assert artifact.properties["split_names"].string_value == '["train", "eval"]'
    assert artifact.custom_properties["payload_format"].string_value == "FORMAT_TF_EXAMPLE"
    assert artifact.custom_properties["file_format"].string_value == "tfrecords_gzip"
    tally = json.loads((task.output() / "tally.json").read_text(encoding="utf-8"))
    assert tally["pairs"] == {"train": 2, "eval": 2}
    connection = metadata_store_pb2.ConnectionConfig()
    connection.sqlite.filename_uri = str(task.root / "metadata.sqlite")
    [execution] = metadata_store.MetadataStore(connection).get_executions()
    recorded = execution.custom_properties["custom_config"].string_value
    assert "fingerprint" in recorded
    assert "max_bad_fraction" in recorded


def test_what_has_not_changed_comes_from_the_cache_and_nothing_else(task):
    assert task.run(inputs=INPUTS) == "completed"
    assert task.run(inputs=INPUTS) == "cached"
    task.write("eval.tsv", ("c", "C"), ("c", "XX"))
    assert task.run(inputs=INPUTS) == "completed", "a change of one file's content, of the same size"
    task.write("train-b.tsv", ("d", "D"))
    assert task.run(inputs=INPUTS) == "completed", "a further file"
    assert task.run(inputs=INPUTS, group_references=False) == "completed", "a setting"
    assert task.run(inputs=INPUTS, code_version="2") == "completed", "other code"
    assert task.run(inputs=INPUTS) == "cached"


def test_a_change_of_the_targets_alone_is_seen(task):
    inputs = [{"pattern": "train.tsv", "target_pattern": "eval.tsv", "splits": {"train": 1, "eval": 1}}]
    task.write("train.tsv", *((f"source {number}",) for number in range(30)))
    task.write("eval.tsv", *((f"target {number}",) for number in range(30)))
    assert task.run(format="aligned", inputs=inputs) == "completed"
    task.write("eval.tsv", *((f"TARGET {number}",) for number in range(30)))
    assert task.run(format="aligned", inputs=inputs) == "completed"
    assert all(x["target"][0].startswith("TARGET") for x in task.examples("train"))


def test_the_newest_span_is_read_beside_a_fixed_set(task):
    inputs = [{"pattern": "span-{SPAN}/*.tsv", "splits": {"train": 1}}, INPUTS[1]]
    task.write("span-09/a.tsv", ("nine", "9"))
    assert task.run(inputs=inputs) == "completed"
    assert last_artifact(task.root, "Examples").custom_properties["span"].int_value == 9
    assert task.run(inputs=inputs) == "cached"
    task.write("span-10/a.tsv", ("ten", "10"))
    assert task.run(inputs=inputs) == "completed"
    assert last_artifact(task.root, "Examples").custom_properties["span"].int_value == 10
    assert [x["source"] for x in task.examples("train")] == [["ten"]]
    assert [x["source"] for x in task.examples("eval")] == [["c"]]
    task.write("span-09/a.tsv", ("nine", "of before"))
    assert task.run(inputs=inputs) == "cached", "an old span is not read"


def test_a_window_of_spans_is_read_and_recorded_and_a_fixed_one_instead(task):
    inputs = [{"pattern": "span-{SPAN}/*.tsv", "splits": {"train": 1}}, INPUTS[1]]
    for number in (1, 2, 3):
        task.write(f"span-{number}/a.tsv", (f"of {number}", "x"))
    assert task.run(inputs=inputs, window=2) == "completed"
    assert sorted(x["source"] for x in task.examples("train")) == [["of 2"], ["of 3"]]
    properties = last_artifact(task.root, "Examples").custom_properties
    assert (properties["span"].int_value, properties["spans"].string_value) == (3, "2,3")
    assert task.run(inputs=inputs, window=2) == "cached"
    task.write("span-2/a.tsv", ("of two", "x"))
    assert task.run(inputs=inputs, window=2) == "completed", "a file of the window has changed"
    assert task.run(inputs=inputs, window=2, span=3) == "cached", "the newest span, asked for by its number"
    assert task.run(inputs=inputs, span=2) == "completed"
    task.write("span-1/a.tsv", ("of one", "x"))
    assert task.run(inputs=inputs, span=1) == "completed"
    for number in (2, 3):
        (task.data / f"span-{number}" / "a.tsv").unlink()
    assert task.run(inputs=inputs) == "cached", "what was asked for, now the newest"
    task.write("span-2/a.tsv", ("of two", "x"))
    task.write("span-3/a.tsv", ("of 3", "x"))
    assert task.run(inputs=inputs, span=2) == "completed"
    assert [x["source"] for x in task.examples("train")] == [["of two"]]
    with pytest.raises(DataError, match=r"there is no span 4 of span-\{SPAN\}/\*\.tsv: there are 1, 2, 3"):
        task.run(inputs=inputs, span=4)


def test_a_newer_version_of_a_dated_span_takes_the_place_of_the_older(task):
    inputs = [{"pattern": "{YYYY}-{MM}-{DD}/v{VERSION}/*.tsv", "splits": {"train": 1}}, INPUTS[1]]
    task.write("2024-01-31/v1/a.tsv", ("old", "x"))
    assert task.run(inputs=inputs) == "completed"
    task.write("2024-01-31/v2/a.tsv", ("new", "x"))
    assert task.run(inputs=inputs) == "completed"
    assert [x["source"] for x in task.examples("train")] == [["new"]]
    properties = last_artifact(task.root, "Examples").custom_properties
    assert (properties["span"].int_value, properties["version"].int_value) == (19753, 2)
    assert task.run(inputs=inputs, span="2024-01-31") == "cached"


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (INPUTS, "{data}/train.tsv:2: column 'target' is missing, there is only 1 column (data.on_bad_row is fail)"),
        ([{"pattern": "none*", "splits": {"train": 1, "eval": 1}}], "no files match {data}/none* (data.inputs.0)"),
        (
            [
                {"pattern": "to-{SPAN}", "splits": {"train": 1}},
                {"pattern": "of-{SPAN}", "splits": {"eval": 1}},
            ],
            "the newest span must be the same in all patterns, but the newest spans are 2 of to-{SPAN}, 1 of of-{SPAN}",
        ),
    ],
)
def test_a_failure_says_why_on_one_line_leaves_nothing_and_can_be_mended(task, inputs, said):
    task.write("train.tsv", ("a", "A"), ("b",))
    for name in ("to-1", "to-2", "of-1"):
        task.write(name, ("a", "A"))
    with pytest.raises(DataError) as failure:
        task.run(inputs=inputs)
    assert str(failure.value) == said.replace("{data}", str(task.data))
    assert [failed.nodes for failed in runs(task.root)] == [{NODE: "failed"}]
    assert not [path for path in (task.root / "artifacts" / NODE / "examples").rglob("*") if path.is_file()]
    for name in ("train.tsv", "none.tsv", "of-2"):
        task.write(name, *((f"source {number}", "target") for number in range(30)))
    assert task.run(inputs=inputs) == "completed"
