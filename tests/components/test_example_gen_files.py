"""Which files are read: globs, order, spans; and what the configuration refuses."""

import logging

import pydantic
import pytest

from components.example_gen.files import find_files, full_pattern
from components.example_gen.inputs import InputFiles, find_inputs
from components.example_gen.rows import DataError
from components.example_gen.spans import resolve_spans
from tests.components.text_data import data_config


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def found(folder, pattern):
    paths = [file.path for file in find_files(full_pattern(str(folder), pattern))]
    return [path.removeprefix(f"{folder}/") for path in paths]


def test_globs_stay_below_a_folder_that_is_taken_literally(tmp_path):
    folder = tmp_path / "data [1]*"
    touch(folder, "b.tsv", "a.tsv", "c/d.tsv", "e.txt")
    touch(tmp_path / "data 1", "other.tsv")
    assert found(folder, "*.tsv") == ["a.tsv", "b.tsv"]
    assert found(folder, "**.tsv") == ["a.tsv", "b.tsv", "c/d.tsv"]
    assert found(folder, "[ac]*.tsv") == ["a.tsv"]
    assert found(folder, "e.txt") == ["e.txt"]
    assert found(folder, "none.tsv") == []


def test_a_relative_folder_is_that_of_the_working_directory(tmp_path, monkeypatch):
    touch(tmp_path, "data/a.tsv")
    monkeypatch.chdir(tmp_path)
    assert [file.path for file in find_files(full_pattern("data", "*"))] == [str(tmp_path / "data/a.tsv")]


def test_files_are_read_by_entry_and_then_by_path(tmp_path):
    touch(tmp_path, "a.src", "b.src", "x.tgt", "y.tgt", "eval.src", "eval.tgt")
    inputs = find_inputs(str(tmp_path), [["eval.src", "eval.tgt"], ["[ab].src", "[xy].tgt"]])
    assert inputs == [
        InputFiles(0, 0, (f"{tmp_path}/eval.src", f"{tmp_path}/eval.tgt")),
        InputFiles(1, 1, (f"{tmp_path}/a.src", f"{tmp_path}/x.tgt")),
        InputFiles(2, 1, (f"{tmp_path}/b.src", f"{tmp_path}/y.tgt")),
    ]


def test_a_pattern_without_files_and_sides_of_different_number_are_errors(tmp_path):
    touch(tmp_path, "a.src", "b.src", "x.tgt")
    with pytest.raises(DataError, match=rf"no files match {tmp_path}/c\.src \(data\.inputs\.1\)"):
        find_inputs(str(tmp_path), [["a.src"], ["c.src"]])
    with pytest.raises(DataError, match=rf"{tmp_path}/\*\.src matches 2 files, but {tmp_path}/\*\.tgt matches 1"):
        find_inputs(str(tmp_path), [["*.src", "*.tgt"]])
    with pytest.raises(DataError, match="no files match"):
        find_inputs(str(tmp_path / "nowhere"), [["*"]])


def test_a_file_that_is_read_twice_is_warned_of(tmp_path, caplog):
    touch(tmp_path, "a.tsv", "b.tsv")
    with caplog.at_level(logging.WARNING, logger="seq2seq.example_gen"):
        find_inputs(str(tmp_path), [["*.tsv"], ["b.tsv"]])
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}/b.tsv is read 2 times, as data.inputs say"
    ]


def test_the_newest_span_goes_into_all_patterns_that_ask_for_one(tmp_path):
    touch(tmp_path, "2/train.tsv", "10/train.tsv", "9/train.tsv", "x11/train.tsv", "11/other.tsv", "eval-10.tsv")
    touch(tmp_path, "12/deeper/train.tsv", "test.tsv")
    patterns = ["{SPAN}/train.tsv", "test.tsv", "eval-{SPAN}.tsv"]
    assert resolve_spans(str(tmp_path), patterns, [1] * 3) == (["10/train.tsv", "test.tsv", "eval-10.tsv"], [10])
    assert resolve_spans(str(tmp_path), ["test.tsv", "nothing*"], [1, 1]) == (["test.tsv", "nothing*"], [])


def test_a_window_has_the_newest_spans_that_there_are_and_each_pattern_its_own(tmp_path):
    names = [name for span in ("1", "02", "7") for name in (f"{span}/train.tsv", f"eval-{span}.tsv")]
    touch(tmp_path, *names)
    patterns = ["{SPAN}/train.tsv", "eval-{SPAN}.tsv", "{SPAN}/train.tsv"]
    assert resolve_spans(str(tmp_path), patterns, [2, 1, 9]) == (
        ["02/train.tsv\n7/train.tsv", "eval-7.tsv", "1/train.tsv\n02/train.tsv\n7/train.tsv"],
        [1, 2, 7],
    )
    assert resolve_spans(str(tmp_path), patterns[:2], [2, 1], newest=2) == (
        ["1/train.tsv\n02/train.tsv", "eval-02.tsv"],
        [1, 2],
    )
    with pytest.raises(DataError, match=r"there is no span 3 of \{SPAN\}/train\.tsv: there are 1, 2, 7"):
        resolve_spans(str(tmp_path), patterns, [1, 1, 1], newest=3)
    (tmp_path / "eval-02.tsv").unlink()
    with pytest.raises(DataError, match=r"there is no span 2 of eval-\{SPAN\}\.tsv: there are 1, 7"):
        resolve_spans(str(tmp_path), patterns[:2], [2, 2])
    assert resolve_spans(str(tmp_path), patterns[:2], [2, 1])[1] == [2, 7]


def test_a_span_stays_as_it_is_written_and_may_have_a_number_of_digits(tmp_path):
    touch(tmp_path, "span-007.tsv", "span-006.tsv", "20240131-a.tsv", "20240201-b.tsv", "999-c.tsv")
    assert resolve_spans(str(tmp_path), ["span-{SPAN}.tsv"], [1]) == (["span-007.tsv"], [7])
    assert resolve_spans(str(tmp_path), ["{SPAN:8}*.tsv"], [1]) == (["20240201*.tsv"], [20240201])


def test_spans_that_cannot_be_told_are_errors(tmp_path):
    touch(tmp_path, "a-1.tsv", "a-2.tsv", "b-1.tsv", "c-3.tsv", "c-03.tsv")
    with pytest.raises(DataError, match=r"newest spans are 2 of a-\{SPAN\}\.tsv, 1 of b-\{SPAN\}\.tsv"):
        resolve_spans(str(tmp_path), ["a-{SPAN}.tsv", "b-{SPAN}.tsv"], [1, 1])
    with pytest.raises(DataError, match="no files match"):
        resolve_spans(str(tmp_path), ["d-{SPAN}.tsv"], [1])
    with pytest.raises(DataError, match="written in more than one way: 03, 3"):
        resolve_spans(str(tmp_path), ["c-{SPAN}.tsv"], [1])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"pattern": "{SPAN}/{SPAN}.tsv"}, "{SPAN} is there 2 times"),
        ({"pattern": "{SPAN}/{VERSION}/*"}, "{VERSION} is not allowed"),
        ({"pattern": "{YYYY}-{MM}-{DD}"}, "{YYYY} is not allowed"),
        ({"pattern": "{SPAN:0}"}, "{SPAN:0} is not allowed"),
    ],
)
def test_placeholders_that_are_not_known_are_refused(settings, said):
    with pytest.raises(pydantic.ValidationError) as refusal:
        data_config(inputs=[{"splits": {"train": 1, "eval": 1}, **settings}])
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"columns": ["source", "target", "source"]}, "has a name more than once"),
        ({"columns": ["source", "target", "k"], "slice_keys": ["k", "k"]}, "has a name more than once"),
        ({"header": True, "columns": ["target", "source"]}, "header is true, so the files name their columns"),
        ({"weight": "target"}, "weight is 'target', which is the column of a text"),
        ({"weight": "w"}, "column 'w' is not among columns"),
        ({"weight": "w", "format": "aligned"}, "weight cannot be read from format aligned"),
        ({"format": "jsonl", "slice_keys": ["example_weight"]}, "names of this pipeline's own features"),
        ({"header": True, "format": "jsonl"}, "header goes with formats tsv and csv"),
        (
            {
                "inputs": [
                    {"pattern": "a", "splits": {"train": 9, "eval": 1}},
                    {"pattern": "b", "splits": {"test": 1}},
                    {"pattern": "c", "splits": {"train": 8, "eval": 1}},
                ]
            },
            "inputs.2.splits {'train': 8, 'eval': 1} differ from inputs.0.splits {'train': 9, 'eval': 1}",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, said):
    with pytest.raises(pydantic.ValidationError) as refusal:
        data_config(**settings)
    assert said in str(refusal.value)
