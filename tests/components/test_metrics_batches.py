"""Batches to decode hold every example once, are of similar length, and bounded."""

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from components.metrics.batches import MAX_EXAMPLES, MAX_PADDED_BYTES, batches_of_similar_length


def record_batch(texts):
    columns = [[[text] if text is not None else None for text in texts], [[index] for index in range(len(texts))]]
    return pa.RecordBatch.from_arrays([pa.array(columns[0], pa.large_list(pa.large_binary())), columns[1]], ["s", "i"])


@settings(max_examples=60, deadline=None)
@given(lengths=st.lists(st.one_of(st.none(), st.integers(0, 12), st.integers(0, 20_000)), max_size=400))
def test_every_example_is_in_one_batch_shortest_first_and_no_batch_is_too_large(lengths):
    texts = [None if length is None else b"x" * length for length in lengths]
    batches = [batch.to_pydict() for batch in batches_of_similar_length(record_batch(texts), "s")]
    rows = [row for batch in batches for row in zip(batch["i"], batch["s"], strict=True)]
    assert sorted(row[0][0] for row in rows) == list(range(len(texts)))
    assert all(text == (None if texts[index] is None else [texts[index]]) for [index], text in rows)
    sizes = [len(text[0]) if text else 0 for _, text in rows]
    assert sizes == sorted(sizes)
    for batch in batches:
        longest = max(len(text[0]) if text else 0 for text in batch["s"])
        assert len(batch["s"]) <= MAX_EXAMPLES
        assert len(batch["s"]) == 1 or len(batch["s"]) * longest <= MAX_PADDED_BYTES


def test_batches_are_as_large_as_they_may_be():
    short = list(batches_of_similar_length(record_batch([b"ab"] * 300), "s"))
    assert [batch.num_rows for batch in short] == [MAX_EXAMPLES, MAX_EXAMPLES, 300 - 2 * MAX_EXAMPLES]
    long = list(batches_of_similar_length(record_batch([b"x" * (MAX_PADDED_BYTES // 4)] * 10), "s"))
    assert [batch.num_rows for batch in long] == [4, 4, 2]


def test_without_the_column_only_the_number_of_examples_counts():
    batches = list(batches_of_similar_length(record_batch([b"x" * 10_000] * 130), "nowhere"))
    assert [batch.num_rows for batch in batches] == [MAX_EXAMPLES, 2]
