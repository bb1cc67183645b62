"""What is kept of the analysis: keys that change with all that counts and nothing else, and archives that may break."""

import logging

import pytest

from components.analyzer_cache import AnalyzerCache, analysis_keys
from components.example_gen.parts import ExamplesDigest, Part, read_parts
from components.example_gen.tally import Tally, add_tallies
from transform.config import TextConfig


def settings(**changes):
    text = {"source": TextConfig().model_dump(), "target": TextConfig(unit="space").model_dump()}
    return {**text, "shared_vocabulary": False, "code_version": "1", **changes}


def key(digest="1", **changes):
    return analysis_keys([Part("part-0-*", digest)], settings(**changes))["part-0-*"]


def test_keys_change_with_the_examples_the_settings_and_the_code_alone():
    changed = [
        key("2"),
        key(code_version="2"),
        key(shared_vocabulary=True),
        *(
            key(source=TextConfig(**change).model_dump())
            for change in (
                {"unit": "word"},
                {"vocabulary_size": 9},
                {"max_length": 9},
                {"normalization": "none"},
                {"on_too_long": "truncate"},
            )
        ),
    ]
    assert len({key(), *changed}) == 1 + len(changed)
    assert analysis_keys([Part("elsewhere/part-7-*", "1")], dict(reversed(settings().items()))) == {
        "elsewhere/part-7-*": key()
    }


def test_parts_with_the_same_examples_count_apart():
    keys = analysis_keys([Part("a", "1"), Part("b", "2"), Part("c", "1")], settings())
    assert len(set(keys.values())) == 3
    assert keys["a"] == key()


def digest(*examples):
    of_file = ExamplesDigest()
    for example in examples:
        of_file.add(example)
    return of_file.hex()


def test_a_part_is_what_its_examples_are_whatever_its_files_are_called(tmp_path):
    def parts(*digests):
        tally = add_tallies([Tally(digests=[each]) for each in digests])
        (tmp_path / "tally.json").write_text(tally.to_json(), encoding="utf-8")
        return read_parts(str(tmp_path))

    one, other = digest(b"a", b"b"), digest(b"c")
    assert digest(b"ab") != one != digest(b"b", b"a")
    before = parts((0, one), (2, one), (2, other))
    assert [part.pattern for part in before] == [f"{tmp_path}/Split-train/part-{number}-*" for number in (0, 2)]
    assert len({part.digest for part in before}) == 2
    assert [part.digest for part in parts((1, other), (1, one), (5, one))] == [part.digest for part in before][::-1]
    assert parts() == []


@pytest.fixture
def cache(tmp_path):
    """A cache with two entries, and the folder that they were made of."""
    found = tmp_path / "found"
    for name in ("key-0", "key-1"):
        (found / name).mkdir(parents=True)
        (found / name / "MANIFEST").write_bytes(name.encode() * 99)
        (found / name / "0-00000-of-00001.gz").write_bytes(b"\x1f\x8b counts")
    cache = AnalyzerCache(f"{tmp_path}/cache")
    cache.pack(["key-0", "key-1", "nothing was kept of it"], str(found))
    return cache, found


def test_entries_come_back_as_they_were_and_others_are_not_there(cache, tmp_path):
    cache, found = cache
    assert cache.unpack(["key-0", "key-1", "other"], f"{tmp_path}/known") == {"key-0", "key-1"}
    for path in found.rglob("*"):
        if path.is_file():
            assert (tmp_path / "known" / path.relative_to(found)).read_bytes() == path.read_bytes()
    assert AnalyzerCache(f"{tmp_path}/no such folder").unpack(["key-0"], f"{tmp_path}/none") == set()


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_entry_is_told_left_out_and_written_anew(cache, damage, tmp_path, caplog):
    cache, found = cache
    path = tmp_path / "cache" / "key-1.zip"
    content = path.read_bytes()
    middle = content.index(b"key-1key-1")
    damaged = {"cut": content[:-9], "flipped": content[:middle] + b"K" + content[middle + 1 :], "empty": b""}
    path.write_bytes(damaged[damage])
    with caplog.at_level(logging.WARNING, "seq2seq.transform"):
        assert cache.unpack(["key-0", "key-1"], f"{tmp_path}/known") == {"key-0"}
    assert f"{path} cannot be read and is left out: BadZipFile: " in caplog.text
    assert not (tmp_path / "known" / "key-1").exists()
    cache.pack(["key-1"], str(found))
    assert cache.unpack(["key-1"], f"{tmp_path}/again") == {"key-1"}


def test_what_is_needed_no_more_is_removed(cache, tmp_path):
    cache, _ = cache
    (tmp_path / "cache" / "key-2.zip.unfinished").touch()
    cache.keep(["key-1", "key-9"])
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["key-1.zip"]
