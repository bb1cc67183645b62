"""Files to splits of examples, through Beam: shares, references, counts, shards."""

import collections
import logging
import random

import apache_beam as beam
import pytest

from components.example_gen.inputs import find_inputs
from components.example_gen.pairs import read_pairs
from components.example_gen.rows import DataError
from components.example_gen.sink import ExampleSink
from components.example_gen.splits import SplitByHash
from components.example_gen.tally import Tally
from components.example_gen.verdict import check
from pipeline.generation import direct_runner_arguments
from tests.components.text_data import data_config, read_examples, tsv


def ingest(folder, data, arguments=(), shard_bytes=1 << 20):
    """Examples by split, and the tally."""
    output = folder / "output"
    inputs = find_inputs(data.base, [[entry.pattern] for entry in data.inputs])
    with beam.Pipeline(argv=[*direct_runner_arguments(), *arguments]) as pipeline:
        examples, tally = read_pairs(pipeline, data, inputs)
        for split, files in examples.items():
            for name, written in files.items():
                path = str(output / split / name)
                written | f"Write[{split}][{name}]" >> beam.io.Write(ExampleSink(path, shard_bytes))
        tally | beam.Map(Tally.to_json) | beam.io.WriteToText(str(output / "tally"), shard_name_template="")
    found = {split: read_examples((output / split).glob("*.gz")) for split in data.split_names()}
    return found, Tally.from_json((output / "tally").read_text(encoding="utf-8"))


def write(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, rows in files.items():
        (folder / f"{name}.tsv").write_bytes(tsv(rows))
    return folder


def by_source(examples):
    return {source: x["references"] for x in examples for source in x["source"]}


def test_a_source_falls_to_its_split_by_its_hash_alone():
    # SHA-256 begins with ca97…, 2cf2…, 3436… and b7ac…: places 0.791, 0.176, 0.204 and 0.717; eval comes before train.
    splits = SplitByHash({"train": 80, "eval": 20})
    golden = {"a": "train", "hello": "eval", "Grüße 😀": "train", "שלום": "train"}
    assert {text: splits.split_of(text.encode()) for text in golden} == golden
    assert SplitByHash({"eval": 21, "train": 79}).split_of("Grüße 😀".encode()) == "eval"
    assert SplitByHash({"test": 5}).split_of(b"anything") == "test"


def test_shares_follow_the_weights_and_move_no_more_than_they_must():
    sources = [f"source {number}".encode() for number in range(20_000)]

    def assigned(**weights):
        splits = SplitByHash(weights)
        return [splits.split_of(source) for source in sources]

    before = assigned(train=8, eval=1, test=1)
    counts = collections.Counter(before)
    assert counts["train"] == pytest.approx(16_000, abs=300)
    assert counts["test"] == pytest.approx(2_000, abs=150)
    assert assigned(test=10, eval=10, train=80) == before
    two, three = assigned(train=98, eval=2), assigned(train=97, eval=3)
    assert {(x, y) for x, y in zip(two, three, strict=True) if x != y} == {("train", "eval")}


def test_all_pairs_of_a_source_fall_on_one_side_whatever_their_file_and_order(tmp_path):
    rows = [(f"source {number % 50}", f"target {number}") for number in range(400)]
    splits = {"train": 1, "eval": 1}
    inputs = [{"pattern": "a*.tsv", "splits": splits}, {"pattern": "b.tsv", "splits": dict(reversed(splits.items()))}]

    def sides(name, rows, halves):
        base = write(tmp_path / name, a1=rows[: halves[0]], a2=rows[halves[0] : halves[1]], b=rows[halves[1] :])
        examples, tally = ingest(base, data_config(base, inputs=inputs))
        assert tally.pairs.total() == 400
        return {split: sorted({x["source"][0] for x in found}) for split, found in examples.items()}

    before = sides("before", rows, (100, 300))
    assert not set(before["train"]) & set(before["eval"])
    assert len(before["train"]) + len(before["eval"]) == 50
    random.Random(1).shuffle(rows)
    assert sides("after", rows, (20, 50)) == before


@pytest.mark.parametrize(
    "arguments", [[], ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]], ids=["same", "other"]
)
def test_rows_of_a_source_become_one_example_in_every_split_but_train(tmp_path, arguments):
    first = [("x", "one", "k1"), ("y", "uno", "k2"), ("x", "two", "k3")]
    second = [("x", "one", "k4"), ("x", "three", "k5"), ("z", "z", "k6"), ("y", "due", "k7"), ("y", "uno", "k8")]
    base = write(tmp_path, train=first + second, eval1=first, eval2=second)
    data = data_config(
        base,
        columns=["source", "target", "kind"],
        slice_keys=["kind"],
        inputs=[{"pattern": "train.tsv", "splits": {"train": 1}}, {"pattern": "eval*.tsv", "splits": {"eval": 1}}],
    )
    examples, tally = ingest(tmp_path, data, arguments)
    assert sorted(examples["eval"], key=lambda x: x["source"]) == [
        {"source": ["x"], "target": ["one"], "references": ["one", "two", "three"], "kind": ["k1"]},
        {"source": ["y"], "target": ["uno"], "references": ["uno", "due"], "kind": ["k2"]},
        {"source": ["z"], "target": ["z"], "references": ["z"], "kind": ["k6"]},
    ]
    assert sorted((x["source"][0], x["target"][0], x["kind"][0]) for x in examples["train"]) == sorted(first + second)
    assert all(x["references"] == x["target"] for x in examples["train"])
    assert (tally.rows, tally.pairs) == (16, {"train": 8, "eval": 8})


def test_examples_to_train_on_are_kept_apart_by_pattern_where_asked_to(tmp_path):
    base = write(tmp_path, a=[("a", "A")], b=[("b", "B")], c=[("c", "C"), ("a", "A")], eval=[("d", "D")])
    inputs = [
        {"pattern": "eval.tsv", "splits": {"eval": 1}},
        {"pattern": "[ab].tsv", "splits": {"train": 1}},
        {"pattern": "c.tsv", "splits": {"train": 1}},
    ]
    examples, tally = ingest(tmp_path, data_config(base, inputs=inputs, analyzer_cache=True))
    assert sorted(x["source"][0] for x in examples["train"]) == ["a", "a", "b", "c"]
    train = tmp_path / "output" / "train"
    by_part = {part: read_examples(train.glob(f"part-{part}-*.gz")) for part in (1, 2)}
    assert {part: sorted(x["source"][0] for x in found) for part, found in by_part.items()} == {
        1: ["a", "b"],
        2: ["a", "c"],
    }
    assert [path.name for path in (tmp_path / "output" / "eval").iterdir()] == ["data_tfrecord-00000-of-00001.gz"]
    assert [part for part, _ in tally.digests] == [1, 1, 2]
    assert len(set(tally.digests)) == 3


def test_references_of_a_row_are_pairs_in_train_and_stay_together_elsewhere(tmp_path):
    rows = [("x", "one", "two", "one"), ("y", "uno"), ("x", "three")]
    base = write(tmp_path, train=rows, eval=rows)
    inputs = [
        {"pattern": f"{split}.tsv", "splits": {split: 1}, "further_references": True} for split in ("train", "eval")
    ]
    ungrouped, tally = ingest(tmp_path, data_config(base, inputs=inputs, group_references=False))
    grouped, _ = ingest(tmp_path, data_config(base, inputs=inputs))
    pairs = [("x", "one"), ("x", "two"), ("y", "uno"), ("x", "three")]
    assert [(x["source"][0], x["target"][0]) for x in ungrouped["train"]] == pairs
    assert [x["references"] for x in ungrouped["train"]] == [[target] for _, target in pairs]
    assert [(x["source"][0], x["references"]) for x in ungrouped["eval"]] == [
        ("x", ["one", "two"]),
        ("y", ["uno"]),
        ("x", ["three"]),
    ]
    assert by_source(grouped["eval"]) == {"x": ["one", "two", "three"], "y": ["uno"]}
    assert tally.pairs == {"train": 4, "eval": 4}


def test_many_examples_are_shared_among_files_of_bounded_size(tmp_path):
    rows = [(f"source {number}", f"target {number}") for number in range(1_000)]
    base = write(tmp_path, train=rows, eval=rows[:3])
    inputs = [{"pattern": f"{split}.tsv", "splits": {split: 1}} for split in ("train", "eval")]
    examples, _ = ingest(tmp_path, data_config(base, inputs=inputs), shard_bytes=20_000)
    shards = sorted((tmp_path / "output" / "train").iterdir())
    assert 3 < len(shards) < 10
    assert shards[0].name == f"data_tfrecord-00000-of-{len(shards):05}.gz"
    assert len(read_examples(shards[:1])) < 300
    assert sorted((x["source"][0], x["target"][0]) for x in examples["train"]) == sorted(rows)
    assert len(list((tmp_path / "output" / "eval").iterdir())) == 1


def test_weights_are_kept_with_every_pair_and_those_of_a_grouped_source_are_its_first_row_s(tmp_path, caplog):
    rows = [("x", "one", "0.5"), ("x", "two", "2"), ("y", "uno", "0")]
    base = write(tmp_path, train=rows, eval=rows)
    inputs = [{"pattern": f"{split}.tsv", "splits": {split: 1}} for split in ("train", "eval")]
    data = data_config(base, inputs=inputs, columns=["source", "target", "w"], weight="w")
    examples, tally = ingest(tmp_path, data)
    assert [(x["target"], x["example_weight"]) for x in examples["train"]] == [
        (["one"], [0.5]),
        (["two"], [2.0]),
        (["uno"], [0.0]),
    ]
    assert sorted((x["source"], x["example_weight"]) for x in examples["eval"]) == [(["x"], [0.5]), (["y"], [0.0])]
    with caplog.at_level(logging.INFO, logger="seq2seq.example_gen"):
        check(tally, data)
    assert [record.getMessage() for record in caplog.records] == [
        "train 3 pairs, eval 3 pairs",
        "1 pairs of split train have weight 0",
    ]


def test_pairs_to_train_on_that_all_weigh_nothing_are_an_error(tmp_path):
    base = write(tmp_path, train=[("a", "b", "0"), ("c", "d", "0.0")], eval=[("a", "b", "1")])
    inputs = [{"pattern": f"{split}.tsv", "splits": {split: 1}} for split in ("train", "eval")]
    data = data_config(base, inputs=inputs, columns=["source", "target", "w"], weight="w")
    with pytest.raises(DataError, match=r"all 2 pairs of split train have weight 0 \(data\.weight is 'w'\)"):
        check(ingest(tmp_path, data)[1], data)


def test_what_is_read_again_comes_to_the_same_files(tmp_path):
    rows = [(f"{number}" * 2_000, f"target {number}") for number in range(2_000)]
    base = write(tmp_path / "data", a=rows[:700], b=rows[700:])
    data = data_config(base, inputs=[{"pattern": "*.tsv", "splits": {"train": 1, "eval": 1}}])
    written = []
    for folder in (tmp_path / "once", tmp_path / "again"):
        ingest(folder, data, shard_bytes=1 << 19)
        written.append({path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*.gz"))})
    assert len(written[0]) > 8, "by chance few files have the same order"
    assert written[0] == written[1]


BAD = [("a", "b"), ("no target",), ("c", " "), ("d", "e\0"), ("f",), ("g",), ("h",), ("i", "j")]


def bad_task(folder, **settings):
    base = write(folder, train=BAD, eval=[("a", "b")] * 20)
    inputs = [{"pattern": f"{split}.tsv", "splits": {split: 1}} for split in ("train", "eval")]
    return data_config(base, inputs=inputs, **settings)


def test_bad_rows_stop_by_file_line_and_reason(tmp_path):
    data = bad_task(tmp_path)
    _, tally = ingest(tmp_path, data)
    with pytest.raises(DataError) as failure:
        check(tally, data)
    train = f"{tmp_path}/train.tsv"
    assert str(failure.value) == (
        f"{train}:2: column 'target' is missing, there is only 1 column; {train}:3: the target is empty; "
        f"{train}:4: byte 4 is a NUL; {train}:5: column 'target' is missing, there is only 1 column; "
        f"{train}:6: column 'target' is missing, there is only 1 column; there may be more (data.on_bad_row is fail)"
    )


def test_bad_rows_are_skipped_counted_and_told(tmp_path, caplog):
    data = bad_task(tmp_path, on_bad_row="skip", max_bad_fraction=0.25)
    examples, tally = ingest(tmp_path, data)
    assert by_source(examples["train"]) == {"a": ["b"], "i": ["j"]}
    with caplog.at_level(logging.INFO, logger="seq2seq.example_gen"):
        check(tally, data)
    skipped, counts = (record.getMessage() for record in caplog.records)
    assert skipped.startswith(
        "6 of 28 rows are bad (4 missing column, 1 empty side, 1 NUL), and were skipped; first "
        f"{tmp_path}/train.tsv:2: column 'target' is missing"
    )
    assert counts == "train 2 pairs, eval 20 pairs"


def test_too_many_bad_rows_stop_all_the_same(tmp_path):
    data = bad_task(tmp_path, on_bad_row="skip", max_bad_fraction=0.2)
    _, tally = ingest(tmp_path, data)
    with pytest.raises(
        DataError, match=r"6 of 28 rows are bad .*, data\.max_bad_fraction allows 0\.2 of them; first /"
    ):
        check(tally, data)


def test_an_empty_split_is_an_error_that_says_which_and_why(tmp_path):
    base = write(tmp_path, train=[("a", "b")], eval=[])
    inputs = [{"pattern": f"{split}.tsv", "splits": {split: 1}} for split in ("train", "eval")]
    data = data_config(base, inputs=inputs)
    with pytest.raises(DataError, match=r"^split eval is empty: there are no pairs in eval\.tsv$"):
        check(ingest(tmp_path, data)[1], data)
    data = data_config(base, inputs=[{"pattern": "train.tsv", "splits": {"train": 999, "eval": 1}}])
    with pytest.raises(DataError, match=r"^split eval is empty: none of the pairs in train\.tsv falls to it by hash"):
        check(ingest(tmp_path, data)[1], data)


@pytest.mark.parametrize("on_bad_row", ["fail", "skip"])
def test_a_file_that_cannot_be_read_on_is_an_error_in_either_mode(tmp_path, on_bad_row):
    base = write(tmp_path, a=[("source", "target"), ("a", "b")], b=[("source", "aim"), ("a", "b")])
    splits = {"train": 1, "eval": 1}
    data = data_config(
        base, header=True, on_bad_row=on_bad_row, max_bad_fraction=1.0, inputs=[{"pattern": "*.tsv", "splits": splits}]
    )
    _, tally = ingest(tmp_path, data)
    with pytest.raises(DataError) as failure:
        check(tally, data)
    assert str(failure.value) == (
        f"{tmp_path}/b.tsv: column 'target' must be there once: the header is ['source', 'aim']"
    )
