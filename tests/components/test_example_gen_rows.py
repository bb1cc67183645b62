"""Files of every format to rows: what is read, and what is wrong where."""

import gzip

import pytest

from components.example_gen.reader import read_rows
from components.example_gen.rows import MAX_BYTES, BadRow, FileError, Reason, Row
from tests.components.text_data import (
    HARD_PAIRS,
    comma_separated,
    data_config,
    example,
    json_lines,
    read,
    tf_record,
    tsv,
)

ZIPPED = pytest.mark.parametrize("name", ["pairs", "pairs.gz"])


def pairs(rows):
    """Sources and references of rows that are all good."""
    assert not [row for row in rows if isinstance(row, BadRow)]
    return [(row.source, *row.references) for row in rows]


def bad(rows):
    """Lines and reasons of the bad rows."""
    return [(row.line, row.reason) for row in rows if isinstance(row, BadRow)]


def read_file(path, content, kind="tsv"):
    """Rows of a file whose content is given as it is, gzip or not."""
    path.write_bytes(content)
    data = data_config(path.parent, format=kind)
    return list(read_rows([str(path)], data, data.inputs[0]))


@ZIPPED
def test_tsv_keeps_any_text_and_knows_no_quotes(tmp_path, name):
    rows = read(tmp_path, tsv(HARD_PAIRS), name=name)
    assert pairs(rows) == HARD_PAIRS
    assert [row.line for row in rows] == list(range(1, len(HARD_PAIRS) + 1))


@ZIPPED
def test_csv_keeps_any_text_line_ends_between_quotes_included(tmp_path, name):
    hard = [*HARD_PAIRS, ("two\nlines", "three\r\n\nlines"), ('"', ',\n"\n'), ("last", "one")]
    rows = read(tmp_path, comma_separated(hard), name=name, format="csv")
    assert pairs(rows) == hard
    lines = [row.line for row in rows]
    assert lines[-3:] == [lines[-4] + 1, lines[-4] + 1 + 4, lines[-4] + 1 + 4 + 3]


@ZIPPED
def test_jsonl_keeps_any_text_escaped_or_not(tmp_path, name):
    objects = [{"source": source, "target": target} for source, target in HARD_PAIRS]
    assert pairs(read(tmp_path, json_lines(objects), name=name, format="jsonl")) == HARD_PAIRS
    assert pairs(read(tmp_path, json_lines(objects, ensure_ascii=False), name=name, format="jsonl")) == HARD_PAIRS


@ZIPPED
def test_aligned_files_are_read_in_step(tmp_path, name):
    sides = ["".join(f"{text}\n" for text in side).encode() for side in zip(*HARD_PAIRS, strict=True)]
    assert pairs(read(tmp_path, *sides, name=name, format="aligned")) == HARD_PAIRS


@ZIPPED
def test_tf_records_keep_any_text(tmp_path, name):
    content = tf_record(tmp_path, [example(source=[source], target=[target]) for source, target in HARD_PAIRS])
    assert pairs(read(tmp_path, content, name=name, format="tfrecord")) == HARD_PAIRS


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last_end", [True, False])
def test_byte_order_mark_and_windows_line_ends_are_dropped(tmp_path, end, last_end):
    lines = [b"\xef\xbb\xbfa\tb", b"c\td\r", b"\xef\xbb\xbfe\tf"]
    rows = read(tmp_path, end.join(lines) + (end if last_end else b""))
    assert pairs(rows) == [("a", "b"), ("c", "d\r" if end == b"\r\n" else "d"), ("\ufeffe", "f")]


def test_a_file_without_lines_has_no_rows(tmp_path):
    for settings in ({}, {"header": True}, {"format": "csv"}, {"format": "jsonl"}, {"format": "tfrecord"}):
        assert read(tmp_path, b"", **settings) == []
    assert read(tmp_path, b"", b"", format="aligned") == []


@pytest.mark.parametrize("kind", ["tsv", "csv"])
def test_a_header_names_the_columns_in_any_order(tmp_path, kind):
    rows = [("domain", "en", "note", "de"), ("law", "one", "x", "eins"), ("", "two", "", "zwei")]
    content = b"\xef\xbb\xbf" + (tsv(rows) if kind == "tsv" else comma_separated(rows))
    read_back = read(tmp_path, content, format=kind, header=True, source="en", target="de", slice_keys=["domain"])
    assert read_back == [Row(2, "one", ["eins"], ["law"]), Row(3, "two", ["zwei"], [""])]


def test_a_header_without_a_named_column_is_an_error_that_shows_it(tmp_path):
    with pytest.raises(FileError, match=r"column 'target' must be there once: the header is \['source', 'targt'\]"):
        read(tmp_path, b"source\ttargt\na\tb\n", header=True)
    with pytest.raises(FileError, match="column 'source' must be there once"):
        read(tmp_path, b"source\ttarget\tsource\na\tb\tc\n", header=True)
    with pytest.raises(FileError, match=r"header cannot be read: byte 1 \(0xff\) is not valid UTF-8"):
        read(tmp_path, b"\xff\xfes\x00\n", header=True)


@pytest.mark.parametrize("kind", ["tsv", "csv"])
def test_bad_rows_of_a_table_and_their_lines(tmp_path, kind):
    lines = [
        b"good,one",
        b"source alone",
        b"",
        b"one,two,three",
        b",target alone",
        b" \xc2\xa0\xe2\x80\xa8,blank source",
        b"blank target, ",
        b"broken,\xff",
        b"cut off,\xe2\x82",
        b"surrogate,\xed\xa0\x80",
        b"nul,\0",
        b"good,two",
    ]
    separator = b"\t" if kind == "tsv" else b","
    rows = read(tmp_path, b"\n".join(line.replace(b",", separator) for line in lines), format=kind)
    assert [row.line for row in rows] == list(range(1, 13))
    assert bad(rows) == [
        (2, Reason.MISSING),
        (3, Reason.MISSING),
        (4, Reason.SURPLUS),
        (5, Reason.EMPTY),
        (6, Reason.EMPTY),
        (7, Reason.EMPTY),
        (8, Reason.INVALID_UTF8),
        (9, Reason.INVALID_UTF8),
        (10, Reason.INVALID_UTF8),
        (11, Reason.NUL),
    ]
    assert rows[1].detail == "column 'target' is missing, there is only 1 column"
    assert rows[3].detail == "there are 3 columns, but 2 names"


def test_a_misplaced_quote_costs_one_record_and_no_other(tmp_path):
    content = b'a,b\nc,5" pipe\n"d"x,e\n"never closed,f\ng,"h ""i"" j"\n"k\nl",m\nn,"o\n'
    rows = read(tmp_path, content, format="csv")
    assert bad(rows) == [(2, Reason.QUOTES), (3, Reason.QUOTES), (4, Reason.QUOTES), (8, Reason.QUOTES)]
    assert [row for row in rows if isinstance(row, Row)] == [
        Row(1, "a", ["b"], []),
        Row(5, "g", ['h "i" j'], []),
        Row(6, "k\nl", ["m"], []),
    ]


def test_what_has_no_line_ends_does_not_fill_the_memory(tmp_path):
    huge = b"x" * (3 * MAX_BYTES)
    assert bad(read(tmp_path, b"a\tb\n" + huge + b"\nc\td\n")) == [(2, Reason.TOO_LONG)]
    assert bad(read(tmp_path, b"a,b\n" + huge + b"\nc,d\n", format="csv")) == [(2, Reason.TOO_LONG)]
    lines = MAX_BYTES // 1000 + 1
    rows = read(tmp_path, b'a,"' + (b"x" * 999 + b"\n") * lines + b"c,d\n", format="csv")
    assert rows[0].reason == Reason.QUOTES
    assert rows[-1] == Row(lines + 1, "c", ["d"], [])


@pytest.mark.parametrize("kind", ["tsv", "csv"])
def test_columns_after_the_last_named_one_are_further_references(tmp_path, kind):
    rows = [("a", "b", "c", " ", "b", "d"), ("e", "f"), ("g", "", "h")]
    content = tsv(rows) if kind == "tsv" else comma_separated(rows)
    found = read(tmp_path, content, format=kind, further_references=True)
    assert found[:2] == [Row(1, "a", ["b", "c", "d"], []), Row(2, "e", ["f"], [])]
    assert bad(found) == [(3, Reason.EMPTY)]
    titled = tsv([("source", "target", "kind", "more", "other")]) + tsv([("a", "b", "k", "c", "d", "e")])
    [row] = read(tmp_path, titled, header=True, slice_keys=["kind"], further_references=True)
    assert row == Row(2, "a", ["b", "c", "d", "e"], ["k"])


def test_jsonl_targets_may_be_lists_and_slice_keys_whole_numbers(tmp_path):
    objects = [{"source": "a", "target": ["b", "c", "b"], "year": 2020}, {"year": "x", "target": "e", "source": "d"}]
    rows = read(tmp_path, json_lines(objects), format="jsonl", slice_keys=["year"])
    assert rows == [Row(1, "a", ["b", "c"], ["2020"]), Row(2, "d", ["e"], ["x"])]


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [
        (b"", Reason.NO_OBJECT, "not JSON"),
        (b"{'source': 1}", Reason.NO_OBJECT, "not JSON"),
        (b'["a", "b"]', Reason.NO_OBJECT, "the line is a list, wanted an object"),
        (b"[" * 100_000, Reason.NO_OBJECT, "not JSON"),
        (b'{"source": "a"}', Reason.MISSING, "key 'target' is missing"),
        (b'{"source": "a", "target": 3}', Reason.WRONG_TYPE, "'target' is a number, wanted a text"),
        (b'{"source": ["a"], "target": "b"}', Reason.WRONG_TYPE, "'source' is a list"),
        (b'{"source": "a", "target": null}', Reason.WRONG_TYPE, "'target' is null"),
        (b'{"source": "a", "target": ["b", {}]}', Reason.WRONG_TYPE, "'target' is an object"),
        (b'{"source": "a", "target": []}', Reason.EMPTY, "empty list"),
        (b'{"source": "a", "target": ["b", " "]}', Reason.EMPTY, "the target is empty"),
        (b'{"source": "\\u0000", "target": "b"}', Reason.NUL, "in 'source' byte 1 is a NUL"),
        (b'{"source": "a", "target": "\\ud83d"}', Reason.INVALID_UTF8, "in 'target' byte 1"),
        (b'{"source": "\xff", "target": "b"}', Reason.INVALID_UTF8, "byte 13 (0xff)"),
        (b'{"source": "a", "target": "b", "k": true}', Reason.WRONG_TYPE, "'k' is true or false"),
        (b'{"source": "a", "target": "b", "k": 1.5}', Reason.WRONG_TYPE, "'k' is a number"),
    ],
)
def test_bad_rows_of_jsonl(tmp_path, line, reason, detail):
    good = b'{"source": "a", "target": "b", "k": ""}\n'
    rows = read(tmp_path, good + line + b"\n" + good, format="jsonl", slice_keys=["k"] if b'"k"' in line else [])
    assert bad(rows) == [(2, reason)]
    assert detail in rows[1].detail


def test_bad_rows_of_aligned_files_name_the_side(tmp_path):
    rows = read(tmp_path, b"a\n\nc\nd\xff\ne\n", b"A\nB\n \nD\nE\0\n", format="aligned")
    assert bad(rows) == [(2, Reason.EMPTY), (3, Reason.EMPTY), (4, Reason.INVALID_UTF8), (5, Reason.NUL)]
    assert [row.file for row in rows[1:]] == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("sources", "targets", "counts"),
    [(b"a\nb\nc", b"A\n", "3 lines of sources, 1 of targets"), (b"", b"A\nB\n", "0 lines of sources, 2 of targets")],
)
def test_aligned_files_of_different_length_are_an_error(tmp_path, sources, targets, counts):
    with pytest.raises(FileError, match=counts):
        read(tmp_path, sources, targets, format="aligned")


def test_tf_records_may_have_several_references_and_whole_numbers_as_slice_keys(tmp_path):
    records = [
        example(source=["a"], target=["b", "c"], year=[2020]),
        example(source=["d"], target=["e"], year=["x"], other=["y"]),
    ]
    rows = read(tmp_path, tf_record(tmp_path, records), format="tfrecord", slice_keys=["year"])
    assert rows == [Row(1, "a", ["b", "c"], ["2020"]), Row(2, "d", ["e"], ["x"])]


@pytest.mark.parametrize(
    ("record", "reason", "detail"),
    [
        (b"\xff\xff", Reason.NO_EXAMPLE, "no tf.Example"),
        (b"", Reason.MISSING, "feature 'source' is missing"),
        (example(source=["a"], target=[]), Reason.MISSING, "feature 'target' is missing"),
        (example(source=["a", "b"], target=["c"]), Reason.WRONG_TYPE, "feature 'source' has 2 values, wanted 1"),
        (example(source=["a"], target=[1]), Reason.WRONG_TYPE, "feature 'target' is int64_list, wanted bytes_list"),
        (example(source=["a"], target=["b", ""]), Reason.EMPTY, "the target is empty"),
        (example(source=[b"\xff"], target=["b"]), Reason.INVALID_UTF8, "in 'source' byte 1"),
        (example(source=["a"], target=["b\0"]), Reason.NUL, "in 'target' byte 2 is a NUL"),
    ],
)
def test_bad_rows_of_tf_records(tmp_path, record, reason, detail):
    good = example(source=["a"], target=["b"])
    rows = read(tmp_path, tf_record(tmp_path, [good, record, good]), format="tfrecord")
    assert bad(rows) == [(2, reason)]
    assert detail in rows[1].detail


@pytest.mark.parametrize("damage", [lambda x: x[:-1], lambda x: x[:20] + b"?" + x[21:], lambda x: b"a\tb\n" * 9])
def test_a_damaged_tf_record_file_is_an_error(tmp_path, damage):
    content = tf_record(tmp_path, [example(source=["a"], target=["b"])])
    with pytest.raises(FileError, match="record 1 cannot be read"):
        read(tmp_path, damage(content), format="tfrecord")


@pytest.mark.parametrize("kind", ["tsv", "tfrecord"])
def test_a_damaged_gzip_file_is_an_error_and_never_just_fewer_rows(tmp_path, kind):
    content = tsv([("a" * 99, "b")] * 999)
    if kind == "tfrecord":
        content = tf_record(tmp_path, [example(source=["a"], target=["b"])] * 999)
    assert len(read(tmp_path, content, name="whole.gz", format=kind)) == 999
    path = tmp_path / "0-whole.gz"
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:-4], b"no gzip\tat all", whole[:-8] + bytes(8)):
        with pytest.raises(FileError, match="not a whole gzip file"):
            read_file(path, damaged, kind)


def test_gzip_files_that_were_put_together_are_read_to_the_end(tmp_path):
    content = gzip.compress(tsv([("a", "b")])) + gzip.compress(tsv([("c", "d")]))
    assert pairs(read_file(tmp_path / "two.gz", content)) == [("a", "b"), ("c", "d")]


def test_weights_of_every_format(tmp_path):
    header = [("weight", "source", "target", "kind")]
    table = [*header, ("0", "a", "b", "k"), ("2.5e-1", "c", "d", "k"), (" +7. ", "e", "f", "k")]
    settings = {"weight": "weight", "slice_keys": ["kind"]}
    expected = [("a", 0.0), ("c", 0.25), ("e", 7.0)]
    objects = [{"source": s, "target": "t", "kind": "k", "weight": w} for s, w in (("a", 0), ("c", 0.25), ("e", 7))]
    records = [example(source=[x["source"]], target=["t"], kind=["k"], weight=[x["weight"]]) for x in objects]
    for content, kind in (
        (tsv(table), {"format": "tsv", "header": True}),
        (tsv(table[1:]), {"format": "tsv", "columns": list(header[0])}),
        (comma_separated(table), {"format": "csv", "header": True}),
        (json_lines(objects), {"format": "jsonl"}),
        (tf_record(tmp_path, records), {"format": "tfrecord"}),
    ):
        rows = read(tmp_path, content, **kind, **settings)
        assert [(row.source, row.weight) for row in rows] == expected, kind
        assert all(row.slices == ["k"] for row in rows)
    assert [row.weight for row in read(tmp_path, json_lines(objects), format="jsonl")] == [None] * 3


@pytest.mark.parametrize(
    ("weight", "detail"),
    [
        ("", "the weight is empty, wanted a number from 0 on"),
        ("much", "the weight is 'much', wanted a number from 0 on"),
        ("1_000", "the weight is '1_000'"),
        ("0x10", "the weight is '0x10'"),
        ("1,5", "the weight is '1,5'"),
        ("\u0663", "the weight is '\u0663'"),
        ("nan", "the weight is 'nan'"),
        ("inf", "the weight is 'inf'"),
        ("-0.5", "the weight is -0.5, wanted a number from 0 to 3.4e+38"),
        ("1e39", "the weight is 1e+39"),
        ("1e999", "the weight is inf"),
        ("x" * 99, f"the weight is '{'x' * 40}…', wanted"),
    ],
)
def test_bad_weights_of_tables(tmp_path, weight, detail):
    content = tsv([("a", "b", "1"), ("c", "d", weight), ("e", "f", "2")])
    rows = read(tmp_path, content, columns=["source", "target", "weight"], weight="weight")
    assert bad(rows) == [(2, Reason.BAD_WEIGHT)]
    assert detail in rows[1].detail


@pytest.mark.parametrize(
    ("rest", "reason", "detail"),
    [
        (b"}", Reason.MISSING, "key 'w' is missing"),
        (b', "w": "1"}', Reason.WRONG_TYPE, "'w' is a text, wanted a number"),
        (b', "w": true}', Reason.WRONG_TYPE, "'w' is true or false"),
        (b', "w": null}', Reason.WRONG_TYPE, "'w' is null"),
        (b', "w": -1}', Reason.BAD_WEIGHT, "the weight is -1, wanted a number from 0"),
        (b', "w": NaN}', Reason.BAD_WEIGHT, "the weight is nan"),
        (b', "w": Infinity}', Reason.BAD_WEIGHT, "the weight is inf"),
        (b', "w": 1' + b"0" * 400 + b"}", Reason.BAD_WEIGHT, "the weight is inf"),
    ],
)
def test_bad_weights_of_jsonl(tmp_path, rest, reason, detail):
    pair = b'{"source": "a", "target": "b"'
    rows = read(tmp_path, pair + b', "w": 1}\n' + pair + rest + b"\n", format="jsonl", weight="w")
    assert bad(rows) == [(2, reason)]
    assert detail in rows[1].detail


@pytest.mark.parametrize(
    ("weight", "reason", "detail"),
    [
        ({}, Reason.MISSING, "feature 'w' is missing"),
        ({"w": ["1"]}, Reason.WRONG_TYPE, "feature 'w' is bytes_list, wanted float_list or int64_list"),
        ({"w": [1.0, 2.0]}, Reason.WRONG_TYPE, "feature 'w' has 2 values, wanted 1"),
        ({"w": [-1]}, Reason.BAD_WEIGHT, "the weight is -1"),
        ({"w": [float("nan")]}, Reason.BAD_WEIGHT, "the weight is nan"),
    ],
)
def test_bad_weights_of_tf_records(tmp_path, weight, reason, detail):
    records = [example(source=["a"], target=["b"], w=[1.5]), example(source=["a"], target=["b"], **weight)]
    rows = read(tmp_path, tf_record(tmp_path, records), format="tfrecord", weight="w")
    assert rows[0].weight == 1.5
    assert bad(rows) == [(2, reason)]
    assert detail in rows[1].detail


def test_a_table_row_that_ends_before_its_weight_is_bad_and_further_references_come_after_it(tmp_path):
    header = ("source", "target", "w", "more")
    content = tsv([header, ("a", "b", "3", "c"), ("d", "e")])
    rows = read(tmp_path, content, header=True, weight="w", further_references=True)
    assert rows[0] == Row(2, "a", ["b", "c"], [], 3.0)
    assert (rows[1].reason, rows[1].detail) == (Reason.MISSING, "column 'w' is missing, there is only 2 columns")
