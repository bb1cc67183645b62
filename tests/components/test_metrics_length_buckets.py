"""Every length is in the bucket whose name says so."""

from hypothesis import given
from hypothesis import strategies as st

from components.metrics.length_buckets import LengthBuckets

BOUNDS = st.lists(st.integers(1, 200), min_size=1, max_size=8, unique=True).map(sorted).map(tuple)


def test_names():
    assert LengthBuckets((10, 20, 40)).names == ["1-10", "11-20", "21-40", "41+"]
    assert LengthBuckets((1, 2)).names == ["1-1", "2-2", "3+"]
    assert LengthBuckets(()).names == []


@given(bounds=BOUNDS, length=st.integers(1, 300))
def test_a_length_is_in_the_bucket_that_its_name_says(bounds, length):
    buckets = LengthBuckets(bounds)
    [name] = buckets.names_of(length)
    low, _, high = name.rstrip("+").partition("-")
    assert int(low) <= length
    assert length <= int(high) if high else name.endswith("+")


@given(bounds=BOUNDS)
def test_the_names_are_all_there_is_to_know(bounds):
    assert LengthBuckets.from_names(LengthBuckets(bounds).names) == LengthBuckets(bounds)


def test_nothing_has_no_length():
    assert LengthBuckets((10,)).names_of(0) == []
    assert LengthBuckets(()).names_of(5) == []
    assert LengthBuckets.from_names([]) == LengthBuckets(())
