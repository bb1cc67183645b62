"""Lines out of a stream."""

import io
import os
import threading

import hypothesis
import hypothesis.strategies as st

from serving.lines import available_lines


def lines(content, most=1000):
    return [line for group in available_lines(io.BytesIO(content), most) for line in group]


@hypothesis.given(st.lists(st.text().map(lambda text: text.encode("utf-8").translate(None, b"\r\n"))))
def test_every_line_comes_out_once_and_in_order(texts):
    assert lines(b"".join(text + b"\n" for text in texts)) == texts
    assert lines(b"".join(text + b"\r\n" for text in texts)) == texts


def test_a_last_line_needs_no_end_and_an_empty_one_is_a_line():
    assert lines(b"a\n\n\xff\n b\t\nc") == [b"a", b"", b"\xff", b" b\t", b"c"]
    assert lines(b"") == []
    assert lines(b"\n") == [b""]


def test_groups_are_no_larger_than_asked_for():
    groups = list(available_lines(io.BytesIO(b"x\n" * 1000), 64))
    assert {len(group) for group in groups} <= {64, 1000 % 64}
    assert sum(map(len, groups)) == 1000


def test_lines_longer_than_a_chunk():
    long = b"y" * 3_000_000
    assert lines(b"a\n" + long + b"\nb\n") == [b"a", long, b"b"]


def test_a_line_is_given_out_while_the_writer_is_still_at_work():
    reader, writer = os.pipe()
    got_first = threading.Event()

    def write():
        with os.fdopen(writer, "wb", buffering=0) as stream:
            stream.write(b"first\nsec")
            assert got_first.wait(10)
            stream.write(b"ond\n")

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(reader, "rb") as stream:
        groups = available_lines(stream, 10)
        assert next(groups) == [b"first"]
        got_first.set()
        assert next(groups) == [b"second"]
        assert list(groups) == []
    thread.join()
