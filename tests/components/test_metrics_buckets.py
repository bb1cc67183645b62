"""Every value is in the bucket whose name says so."""

from hypothesis import given
from hypothesis import strategies as st

from components.metrics.buckets import Buckets

BOUNDS = st.lists(st.integers(1, 200), min_size=1, max_size=8, unique=True).map(sorted).map(tuple)
LEAST = st.sampled_from([0, 1])


def test_names():
    assert Buckets((10, 20, 40)).names == ["1-10", "11-20", "21-40", "41+"]
    assert Buckets((1, 2)).names == ["1", "2", "3+"]
    assert Buckets((0, 2), least=0).names == ["0", "1-2", "3+"]
    assert Buckets(()).names == []


@given(bounds=BOUNDS, least=LEAST, value=st.integers(1, 300))
def test_a_value_is_in_the_bucket_that_its_name_says(bounds, least, value):
    [name] = Buckets(bounds, least).names_of(value)
    low, dash, high = name.rstrip("+").partition("-")
    assert int(low) <= value
    if not name.endswith("+"):
        assert value <= int(high if dash else low)


@given(bounds=BOUNDS, least=LEAST)
def test_the_names_are_all_there_is_to_know(bounds, least):
    assert Buckets.from_names(Buckets(bounds, least).names, least) == Buckets(bounds, least)


def test_what_is_below_the_first_bucket_is_in_none():
    assert Buckets((10,)).names_of(0) == []
    assert Buckets((10,), least=0).names_of(0) == ["0-10"]
    assert Buckets(()).names_of(5) == []
    assert Buckets.from_names([]) == Buckets(())
