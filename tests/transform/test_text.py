"""TextProcessor: ids, lengths and tokens of text, and text of ids."""

import numpy as np
import pytest
import tensorflow as tf

from tests.transform.random_text import random_strings
from tests.transform.vocabulary_files import write_vocabulary
from transform.config import TextConfig
from transform.text import TextProcessor, segment
from transform.units import UNITS

PAD, UNKNOWN, START, END = range(4)


@pytest.fixture
def processor(tmp_path):
    def make(tokens, **settings):
        return TextProcessor(TextConfig(**settings), write_vocabulary(tmp_path / "vocabulary", tokens))

    return make


def strings(tensor):
    return [x.decode() for x in tensor.numpy().ravel()]


def test_source_and_target_of_a_batch(processor):
    text = processor(["a", " ", "é"])
    assert text.vocabulary_size == 7
    batch = tf.constant(["a e\u0301x", "", "éa"])
    source = text.source(batch)
    assert source.ids.numpy().tolist() == [[4, 5, 6, UNKNOWN, END], [END, 0, 0, 0, 0], [6, 4, END, 0, 0]]
    assert source.length.numpy().tolist() == [5, 1, 3]
    assert strings(source.tokens) == ["a", " ", "é", "x", "</s>", "</s>", "", "", "", "", "é", "a", "</s>", "", ""]
    target = text.target(batch)
    assert target.input_ids.numpy().tolist() == [[START, 4, 5, 6, UNKNOWN], [START, 0, 0, 0, 0], [START, 6, 4, 0, 0]]
    assert target.output_ids.numpy().tolist() == source.ids.numpy().tolist()
    assert target.length.numpy().tolist() == [5, 1, 3]
    assert text.ids(batch).to_list() == [[4, 5, 6, UNKNOWN], [], [6, 4]]
    assert [[x.decode() for x in row] for row in text.pieces(batch).to_list()] == [list("a éx"), [], ["é", "a"]]


def test_no_text_at_all(processor):
    text = processor(["a"])
    none = tf.constant([], tf.string)
    assert text.source(none).ids.shape == (0, 1)
    assert text.target(none).input_ids.shape == (0, 1)
    assert text.detokenize(tf.zeros([0, 0], tf.int64)).text.shape == (0,)
    assert strings(text.detokenize(tf.zeros([2, 0], tf.int64)).text) == ["", ""]


@pytest.mark.parametrize(
    ("unit", "given", "kept"),
    [("char", "abcdé", "abcd"), ("word", "(one) two, three", "(one) two"), ("space", "1 2 3 4 5", "1 2 3 4")],
)
def test_what_is_too_long_is_cut(processor, unit, given, kept):
    pieces = [x.decode() for x in segment(tf.constant([given]), TextConfig(unit=unit)).values.numpy()]
    text = processor(sorted(set(pieces)), unit=unit, max_length=4)
    source = text.source(tf.constant([given, ""]))
    assert source.length.numpy().tolist() == [5, 1]
    assert source.ids.numpy()[:, -1].tolist() == [END, PAD]
    assert strings(text.detokenize(source.ids).text) == [kept, ""]


def test_text_spelled_like_a_special_token_is_unknown(processor):
    text = processor(["a"], unit="space")
    assert text.ids(tf.constant(["</s> a <pad> <s> <unk>"])).to_list() == [[UNKNOWN, 4, UNKNOWN, UNKNOWN, UNKNOWN]]


def test_detokenize_stops_at_the_end_and_skips_padding_and_start(processor):
    text = processor(["a", "b", "￭!"], unit="word")
    ids = tf.constant([[START, 4, 5, 6, END, 4], [END, 4, 4, 4, 4, 4], [4, PAD, 5, PAD, PAD, PAD]], tf.int64)
    detokenized = text.detokenize(ids)
    assert strings(detokenized.text) == ["a b!", "", "a b"]
    assert strings(detokenized.pieces[0]) == ["", "a", "b", "￭!", "", ""]
    assert strings(detokenized.pieces[1:]) == [""] * 6 + ["a", "", "b", "", "", ""]


def test_unknown_ids_are_replacement_characters(processor):
    text = processor(["a"], unit="word")
    detokenized = text.detokenize(tf.constant([[4, UNKNOWN, 5, -1, 2**40, END]], tf.int64))
    assert strings(detokenized.text) == ["a \ufffd \ufffd \ufffd \ufffd"]
    assert strings(detokenized.pieces) == ["a", "<unk>", "<unk>", "<unk>", "<unk>", ""]


@pytest.mark.parametrize("unit", UNITS)
def test_ids_give_the_text_back_and_rows_do_not_depend_on_each_other(processor, unit):
    settings = {"unit": unit, "normalization": "nfkc", "lowercase": True, "max_length": 1_000}
    texts = random_strings(300, seed=8)
    split = segment(tf.constant(texts), TextConfig(**settings))
    text = processor(sorted({x.decode() for x in split.values.numpy()} - {"</s>"}), **settings)
    source = text.source(tf.constant(texts))
    assert not (source.ids.numpy() == UNKNOWN).any()
    assert strings(text.detokenize(source.ids).text) == strings(UNITS[unit].join(split))
    for row in range(0, len(texts), 7):
        alone = text.source(tf.constant([texts[row]]))
        length = alone.length.numpy()[0]
        assert source.length.numpy()[row] == length
        assert np.array_equal(alone.ids[0], source.ids[row, :length])
        assert np.array_equal(alone.tokens[0], source.tokens[row, :length])
        assert strings(text.detokenize(alone.ids).text) == strings(text.detokenize(source.ids[row : row + 1]).text)


@pytest.mark.parametrize("unit", UNITS)
def test_very_long_text_is_cut_like_any_other(processor, unit):
    text = processor(["añ"], unit=unit, max_length=8)
    source = text.source(tf.constant(["an\u0303! " * 20_000, "an\u0303! " * 20]))
    assert source.ids.shape == (2, 9)
    assert np.array_equal(source.tokens[0], source.tokens[1])


def test_eager_and_traced_calls_agree(processor):
    text = processor(["a", "b"])
    batch = tf.constant(["ab", "bca", "\xff"])
    traced = tf.function(text.source)(batch)
    for ours, theirs in zip(text.source(batch), traced, strict=True):
        assert np.array_equal(ours, theirs)


def test_a_file_that_is_no_vocabulary_is_refused(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("a\nb\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"words\.txt begins with \[b'a', b'b'\]"):
        TextProcessor(TextConfig(), str(path))
