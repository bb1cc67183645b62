"""Which files are read: globs, order; and what the configuration refuses."""

import logging

import pydantic
import pytest

from components.example_gen.files import find_files, full_pattern
from components.example_gen.inputs import InputFiles, find_inputs
from components.example_gen.rows import DataError
from tests.components.text_data import data_config, touch


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
    touch(tmp_path, "a.src", "b.src", "c.src", "x.tgt", "y.tgt", "z.tgt", "eval.src", "eval.tgt")
    inputs = find_inputs(str(tmp_path), [["eval.src", "eval.tgt"], ["c.src\n[ab].src", "[xy].tgt\nz.tgt"]])
    assert inputs == [
        InputFiles(0, 0, 0, (f"{tmp_path}/eval.src", f"{tmp_path}/eval.tgt")),
        InputFiles(1, 1, 1, (f"{tmp_path}/c.src", f"{tmp_path}/x.tgt")),
        InputFiles(2, 1, 2, (f"{tmp_path}/a.src", f"{tmp_path}/y.tgt")),
        InputFiles(3, 1, 2, (f"{tmp_path}/b.src", f"{tmp_path}/z.tgt")),
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
