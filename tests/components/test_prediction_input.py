"""Input of a prediction: found, looked through, cut into shards, and read again from any of them."""

import gzip
import json

import hypothesis
import hypothesis.strategies as st
import pytest

from components.example_gen.rows import MAX_BYTES
from components.prediction.job import Settings
from components.prediction.scan import cut_into_shards
from components.prediction.sources import InputError, find_inputs, read_sources


def settings(**given):
    return Settings(
        **{
            "input_format": "text",
            "field": "text",
            "id_field": None,
            "output_format": "jsonl",
            "n_best": None,
            **given,
        }
    )


def read_shards(paths, shards, **given):
    """Sources of each shard."""
    cut = cut_into_shards(find_inputs([str(path) for path in paths]), settings(**given), shards)
    read = []
    for shard in cut:
        number, sources = shard.first, []
        for stretch in shard.stretches:
            sources += read_sources(stretch, number, settings(**given))
            number += stretch.count
        assert len(sources) == shard.count
        read.append(sources)
    return read


@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(st.lists(st.lists(st.binary(max_size=4)), min_size=1, max_size=4), st.integers(1, 6), st.booleans())
def test_shards_have_all_lines_in_their_order_and_about_as_many_each(tmp_path_factory, files, shards, packed):
    folder = tmp_path_factory.mktemp("input")
    expected, paths = [], []
    for index, lines in enumerate(files):
        lines = [line.translate(None, b"\r\n") for line in lines]
        content = b"".join(line + (b"\r\n" if index % 2 else b"\n") for line in lines)
        paths.append(folder / f"{index}.txt{'.gz' if packed else ''}")
        paths[-1].write_bytes(gzip.compress(content) if packed else content)
        # A byte-order mark is dropped at the start of a file, and nowhere else.
        lines[:1] = [line.removeprefix(b"\xef\xbb\xbf") for line in lines[:1]]
        expected += lines
    read = read_shards(paths, shards)
    flat = [source for sources in read for source in sources]
    assert [source.text for source in flat] == expected
    assert [source.number for source in flat] == list(range(1, len(expected) + 1))
    sizes = [len(sources) for sources in read]
    assert max(sizes) - min(sizes) <= 1


def test_many_lines_are_cut_where_their_places_are_remembered(tmp_path):
    count = 140_001
    path = tmp_path / "many.txt"
    path.write_text("".join(f"{number}\n" for number in range(count)), encoding="utf-8")
    read = read_shards([path], 3)
    assert [int(source.text) for sources in read for source in sources] == list(range(count))
    assert max(map(len, read)) - min(map(len, read)) < 16


def test_a_last_line_needs_no_end_and_an_empty_line_is_a_source(tmp_path):
    path = tmp_path / "[odd] name.txt"
    path.write_bytes(b"a\n\n\xff\xfe\nlast")
    [sources] = read_shards([path], 1)
    assert [source.text for source in sources] == [b"a", b"", b"\xff\xfe", b"last"]


def test_objects_give_their_text_and_id(tmp_path):
    path = tmp_path / "a.jsonl"
    objects = [{"id": 7, "s": "é\n"}, {"s": "\ud800x", "id": "b", "more": [1]}]
    path.write_text("".join(json.dumps(each) + "\n" for each in objects), encoding="utf-8")
    [sources] = read_shards([path], 1, input_format="jsonl", field="s", id_field="id")
    assert [(source.text.decode(), source.id) for source in sources] == [("é\n", 7), ("\ufffdx", "b")]


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (b"", "the line is not JSON"),
        (b"[1]", "the line is [1], wanted an object"),
        (b'{"txt": "a"}', "key 'text' is missing: there are 'txt'"),
        (b'{"text": null}', "'text' is null, wanted a text"),
        (b'{"text": "\xff"}', "byte 11 (0xff) is not valid UTF-8"),
        (b'{"text": "a", "translation": "b"}', "key 'translation' is there already"),
        (b'{"text": "' + b"x" * MAX_BYTES + b'"}', "there are more than 4,194,304 bytes"),
    ],
    ids=["empty", "array", "missing", "null", "invalid", "clash", "long"],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path, line, cause):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "good"}\n' + line + b'\n{"text": "good"}\n')
    with pytest.raises(InputError) as failure:
        read_shards([path], 1, input_format="jsonl")
    assert str(failure.value).startswith(f"{path}:2: {cause}")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    damaged = tmp_path / "damaged.txt.gz"
    damaged.write_bytes(gzip.compress(b"abc\n" * 1000)[:-9])
    with pytest.raises(InputError, match=r"damaged\.txt\.gz: not a whole gzip file"):
        read_shards([damaged], 1)
    for patterns, cause in (
        ([tmp_path / "none-*.txt"], "no files match"),
        ([tmp_path], "is a folder: name its files"),
        ([damaged, tmp_path / "dam*"], "is named more than once"),
    ):
        with pytest.raises(InputError, match=cause):
            find_inputs([str(pattern) for pattern in patterns])
