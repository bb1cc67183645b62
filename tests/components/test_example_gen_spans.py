"""Spans, dates and versions in the names of files: which are found, and which cannot be told."""

import pydantic
import pytest

from components.example_gen.rows import DataError
from components.example_gen.spans import resolve_spans
from tests.components.text_data import data_config, touch


def resolved(folder, patterns, windows=None, newest=None):
    """The patterns, and the spans that they are read of."""
    found = resolve_spans(str(folder), patterns, windows or [1] * len(patterns), newest)
    return found.patterns, found.spans


def test_the_newest_span_goes_into_all_patterns_that_ask_for_one(tmp_path):
    touch(tmp_path, "2/train.tsv", "10/train.tsv", "9/train.tsv", "x11/train.tsv", "11/other.tsv", "eval-10.tsv")
    touch(tmp_path, "12/deeper/train.tsv", "test.tsv")
    patterns = ["{SPAN}/train.tsv", "test.tsv", "eval-{SPAN}.tsv"]
    assert resolved(tmp_path, patterns) == (["10/train.tsv", "test.tsv", "eval-10.tsv"], [10])
    assert resolved(tmp_path, ["test.tsv", "nothing*"]) == (["test.tsv", "nothing*"], [])


def test_a_window_has_the_newest_spans_that_there_are_and_each_pattern_its_own(tmp_path):
    names = [name for span in ("1", "02", "7") for name in (f"{span}/train.tsv", f"eval-{span}.tsv")]
    touch(tmp_path, *names)
    patterns = ["{SPAN}/train.tsv", "eval-{SPAN}.tsv", "{SPAN}/train.tsv"]
    assert resolved(tmp_path, patterns, [2, 1, 9]) == (
        ["02/train.tsv\n7/train.tsv", "eval-7.tsv", "1/train.tsv\n02/train.tsv\n7/train.tsv"],
        [1, 2, 7],
    )
    assert resolved(tmp_path, patterns[:2], [2, 1], newest=2) == (
        ["1/train.tsv\n02/train.tsv", "eval-02.tsv"],
        [1, 2],
    )
    with pytest.raises(DataError, match=r"there is no span 3 of \{SPAN\}/train\.tsv: there are 1, 2, 7"):
        resolved(tmp_path, patterns, newest=3)
    (tmp_path / "eval-02.tsv").unlink()
    with pytest.raises(DataError, match=r"there is no span 2 of eval-\{SPAN\}\.tsv: there are 1, 7"):
        resolved(tmp_path, patterns[:2], [2, 2])
    assert resolved(tmp_path, patterns[:2], [2, 1])[1] == [2, 7]


def test_a_span_stays_as_it_is_written_and_may_have_a_number_of_digits(tmp_path):
    touch(tmp_path, "span-007.tsv", "span-006.tsv", "20240131-a.tsv", "20240201-b.tsv", "999-c.tsv")
    assert resolved(tmp_path, ["span-{SPAN}.tsv"]) == (["span-007.tsv"], [7])
    assert resolved(tmp_path, ["{SPAN:8}*.tsv"]) == (["20240201*.tsv"], [20240201])


def test_a_date_is_a_span_of_so_many_days_since_1970(tmp_path):
    for day in ("2023/12/31", "2024/01/01", "2024/02/29"):
        touch(tmp_path, f"{day}/train.tsv", f"eval-{day.replace('/', '')}.tsv")
    touch(tmp_path, "2024/3/01/train.tsv", "1970/01/01/other.tsv")
    patterns = ["{YYYY}/{MM}/{DD}/train.tsv", "eval-{YYYY}{MM}{DD}.tsv"]
    # TFX's own numbers: date_to_span_number(2023, 12, 31) is 19722.
    assert resolved(tmp_path, patterns) == (["2024/02/29/train.tsv", "eval-20240229.tsv"], [19782])
    assert resolved(tmp_path, patterns, [9, 1]) == (
        ["2023/12/31/train.tsv\n2024/01/01/train.tsv\n2024/02/29/train.tsv", "eval-20240229.tsv"],
        [19722, 19723, 19782],
    )
    assert resolved(tmp_path, patterns, newest=19723) == (["2024/01/01/train.tsv", "eval-20240101.tsv"], [19723])
    assert resolve_spans(str(tmp_path), patterns, [1, 1]).newest == "span 2024-02-29"
    with pytest.raises(DataError, match=r"no span 2024-01-02 of .*: there are 2023-12-31, 2024-01-01, 2024-02-29$"):
        resolved(tmp_path, patterns, newest=19724)
    with pytest.raises(DataError, match=r"there is no span 99999999999 of"):
        resolved(tmp_path, patterns, newest=99999999999)
    assert data_config(span="2024-02-29").span == 19782
    touch(tmp_path, "eval-20240230.tsv")
    with pytest.raises(DataError, match=r"/eval-20240230\.tsv has a date that does not exist, .*: 2024-02-30"):
        resolved(tmp_path, patterns)


def test_of_a_span_the_newest_version_is_taken(tmp_path):
    for name in ("1/v1", "1/v2", "1/v10", "2/v3"):
        touch(tmp_path, f"{name}/train.tsv", f"{name.replace('/', '-')}.tsv")
    touch(tmp_path, "2/test.tsv")
    patterns = ["{SPAN}/v{VERSION}/train.tsv", "{SPAN}-v{VERSION}.tsv", "{SPAN}/test.tsv"]
    found = resolve_spans(str(tmp_path), patterns, [2, 2, 1])
    assert found.patterns == ["1/v10/train.tsv\n2/v3/train.tsv", "1-v10.tsv\n2-v3.tsv", "2/test.tsv"]
    assert (found.spans, found.version, found.newest) == ([1, 2], 3, "span 2, version 3")
    assert resolve_spans(str(tmp_path), patterns[:2], [1, 1], newest=1).version == 10
    touch(tmp_path, "2/v4/train.tsv")
    with pytest.raises(DataError, match=r"newest version of span 2 must be the same .* 4 of .*train\.tsv, 3 of"):
        resolved(tmp_path, patterns)
    touch(tmp_path, "2-v4.tsv", "2/v04/train.tsv")
    with pytest.raises(DataError, match=r"version 4 of span 2 of .* is written in more than one way: 04, 4"):
        resolved(tmp_path, patterns)


def test_versions_of_dates_may_have_a_number_of_digits(tmp_path):
    touch(tmp_path, "20240131-001.tsv", "20240131-002.tsv", "20240131-0003.tsv")
    found = resolve_spans(str(tmp_path), ["{YYYY}{MM}{DD}-{VERSION:3}.tsv"], [1])
    assert (found.patterns, found.version) == (["20240131-002.tsv"], 2)


def test_spans_that_cannot_be_told_are_errors(tmp_path):
    touch(tmp_path, "a-1.tsv", "a-2.tsv", "b-1.tsv", "c-3.tsv", "c-03.tsv")
    with pytest.raises(DataError, match=r"newest spans are 2 of a-\{SPAN\}\.tsv, 1 of b-\{SPAN\}\.tsv"):
        resolved(tmp_path, ["a-{SPAN}.tsv", "b-{SPAN}.tsv"])
    with pytest.raises(DataError, match="no files match"):
        resolved(tmp_path, ["d-{SPAN}.tsv"])
    with pytest.raises(DataError, match=r"span 3 of .* is written in more than one way: 03, 3"):
        resolved(tmp_path, ["c-{SPAN}.tsv"])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"pattern": "{SPAN}/{SPAN}.tsv"}, "{SPAN} is there 2 times"),
        ({"pattern": "{VERSION}/*"}, "{VERSION} is there without a span"),
        ({"pattern": "{YYYY}-{MM}"}, "{DD} is missing"),
        ({"pattern": "{DD}-{SPAN}"}, "{SPAN} and a date both tell the span"),
        ({"pattern": "{SPAN}-{VERSION}-{VERSION:2}"}, "{VERSION} is there 2 times"),
        ({"pattern": "{SPAN:0}"}, "{SPAN:0} is not allowed"),
        ({"pattern": "{YYYY:4}-{MM}-{DD}"}, "{YYYY:4} is not allowed"),
    ],
)
def test_placeholders_that_tell_no_span_are_refused(settings, said):
    with pytest.raises(pydantic.ValidationError) as refusal:
        data_config(inputs=[{"splits": {"train": 1, "eval": 1}, **settings}])
    assert said in str(refusal.value)


def test_a_span_that_is_no_date_is_refused():
    with pytest.raises(pydantic.ValidationError, match="span\n"):
        data_config(span="2024-02-30")
