"""Text cut into subwords inside the graph, against plain Python, and back to text."""

import random
import time

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.contract import UNKNOWN_ID
from tests.transform.random_text import random_strings
from tests.transform.subwords import reference
from tests.transform.vocabulary_files import write_vocabulary
from transform.cleaning import clean
from transform.code_points import encode
from transform.config import TextConfig
from transform.subwords.learning import learn_pieces
from transform.subwords.trie import build_trie
from transform.text import TextProcessor, segment


def strings(ragged):
    return [[x.decode() for x in row] for row in ragged.to_list()]


def cleaned(texts, config):
    return [x.decode() for x in encode(clean(tf.constant(texts, tf.string), config)).numpy()]


def words_of(*texts, **config):
    return strings(segment(tf.constant(texts, tf.string), TextConfig(unit="subword", **config)))


def cut(texts, pieces, **config):
    return strings(
        segment(tf.constant(texts, tf.string), TextConfig(unit="subword", **config), build_trie(sorted(pieces)))
    )


def reference_cut(text, pieces):
    return [piece for word in reference.words_of(text) for piece in reference.cut(word, pieces)]


def pieces_of(text):
    """All pieces of a processor's vocabulary."""
    ids = tf.range(4, text.vocabulary_size, dtype=tf.int64)
    return {x.decode() for x in text.tokens(ids[tf.newaxis])[0].numpy()}


@pytest.fixture
def processor(tmp_path):
    def make(texts, size=500, min_count=1, **settings):
        config = TextConfig(unit="subword", max_length=100_000, **settings)
        words = reference.count_words(cleaned(texts, config))
        pieces = learn_pieces(words, reference.count_characters(words), size, min_count)
        return TextProcessor(config, write_vocabulary(tmp_path / "vocabulary", pieces))

    return make


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("don't (stop)!", "▁don't|▁(|stop|)!"),
        ("l'homme, aujourd’hui", "▁l'homme|,|▁aujourd’hui"),
        ("'x' o'' 'n'", "▁'|x|'|▁o|''|▁'|n|'"),
        ("3.14 ²x5", "▁3|.|14|▁²|x|5"),
        ("  a  b ", "▁|▁|▁a|▁|▁b|▁"),
        ("a▁b", "▁a| |b"),
        ("▁", "▁ "),
        ("...x-y", "▁...|x|-|y"),
        ("नमस्ते।", "▁नमस्ते|।"),
        ("!\u0301a \u0301a", "▁!\u0301|a|▁\u0301a"),
        ("x\u0323'y", "▁x\u0323'y"),
        ("日本語、です", "▁日本語|、|です"),
        ("a\u00a0b", "▁a|\u00a0|b"),
    ],
)
def test_words(text, expected):
    assert words_of(text) == [expected.split("|")]
    assert reference.words_of(text) == expected.split("|")


def test_words_of_random_text():
    texts = random_strings(3_000, seed=9)
    config = TextConfig(unit="subword")
    assert words_of(*texts) == [reference.words_of(text) for text in cleaned(texts, config)]


def test_the_longest_piece_wins_from_left_to_right():
    assert cut(["abcabd cab"], ["▁", "a", "b", "c", "ab", "abca", "▁c", "bd"]) == [["▁", "abca", "bd", "▁c", "ab"]]


def test_a_piece_does_not_go_across_the_end_of_a_word():
    pieces = ["▁", "a", "!", "b", "a!", "!b", "▁a!b", "a▁"]
    assert cut(["a!b", "a b"], pieces) == [["▁", "a", "!", "b"], ["▁", "a", "▁", "b"]]


def test_each_character_that_begins_no_piece_is_a_piece():
    # The beginnings of "xyz" are none.
    assert cut(["xy日本xyz"], ["▁", "xyz", "z"]) == [["▁", "x", "y", "日", "本", "xyz"]]
    assert cut(["ab c", ""], []) == [["▁", "a", "b", "▁", "c"], []]
    assert cut([], ["a"]) == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text("ab '!\u0301▁1", max_size=12), max_size=6),
    st.sets(st.text("ab'!\u0301▁ 1", min_size=1, max_size=5)),
)
def test_cuts_are_those_of_plain_python(texts, pieces):
    expected = [reference_cut(text, pieces) for text in texts]
    assert cut(texts, pieces, normalization="none") == expected


def test_real_text_is_cut_as_in_plain_python(processor):
    lines = reference.prose()
    text = processor(lines)
    pieces = pieces_of(text)
    assert strings(text.pieces(tf.constant(lines))) == [
        reference_cut(line, pieces) for line in cleaned(lines, text.config)
    ]
    assert not (text.ids(tf.constant(lines)).values.numpy() == UNKNOWN_ID).any()


def test_random_text_comes_back_as_it_was_cleaned(processor):
    texts = random_strings(300, seed=10)
    text = processor(texts, size=32_000, normalization="nfkc", lowercase=True)
    source = text.source(tf.constant(texts))
    assert not (source.ids.numpy() == UNKNOWN_ID).any()
    assert [x.decode() for x in text.detokenize(source.ids).text.numpy()] == cleaned(texts, text.config)
    assert max(len(piece) for piece in pieces_of(text)) > 1


def test_any_text_of_known_characters_comes_back(tmp_path):
    pieces = [chr(x) for x in (*range(0x20, 0x7F), 0xE9, 0x301, 0x2019, 0x2581, 0x5B57, 0x1F600)]
    pieces += ["▁a", "ab", "abc", "▁ab", "  ", "''", "12", "e\u0301"]
    path = write_vocabulary(tmp_path / "vocabulary", pieces)
    text = TextProcessor(TextConfig(unit="subword", normalization="none", max_length=1000), path)
    characters = "".join(piece for piece in pieces if len(piece) == 1)

    @settings(max_examples=80, deadline=None)
    @given(st.lists(st.text(characters, max_size=30), min_size=1, max_size=5))
    def comes_back(texts):
        ids = text.source(tf.constant(texts)).ids
        assert not (ids.numpy() == UNKNOWN_ID).any()
        assert [x.decode() for x in text.detokenize(ids).text.numpy()] == texts

    comes_back()


@settings(max_examples=30, deadline=None)
@given(texts=st.lists(st.binary(max_size=12), max_size=6))
def test_no_bytes_are_too_odd(texts):
    config = TextConfig(unit="subword")
    kept = cleaned(texts, config)
    assert ["".join(row) for row in cut(texts, ["▁a", "ab"])] == ["".join(reference.words_of(text)) for text in kept]


def test_unknown_characters_are_unknown_one_by_one(processor):
    text = processor(["aa aa"])
    ids = text.source(tf.constant(["aa ?! aa"])).ids
    assert ids.numpy()[0].tolist().count(UNKNOWN_ID) == 2
    assert text.detokenize(ids).text.numpy()[0].decode() == "aa \ufffd\ufffd aa"
    assert text.detokenize(ids, tf.fill(tf.shape(ids), "▁x")).text.numpy()[0].decode() == "aa  x x aa"
    tokens = [x.decode() for x in text.source(tf.constant(["aa ?! aa"])).tokens[0].numpy()]
    assert tokens[-5:-1] == ["▁", "?", "!", "▁aa"]


def test_text_spelled_like_a_special_token_comes_back(processor):
    texts = ["<s></s><pad> <unk>"] * 9
    text = processor(texts)
    source = text.source(tf.constant(texts))
    assert not (source.ids.numpy()[:, :-1] < 4).any()
    assert text.detokenize(source.ids).text.numpy()[0].decode() == texts[0]


def test_rows_do_not_depend_on_each_other(processor):
    texts = [*random_strings(120, seed=11), "", "a" * 500]
    text = processor(texts)
    together = text.source(tf.constant(texts))
    for row in range(0, len(texts), 5):
        alone = text.source(tf.constant([texts[row]]))
        length = alone.length.numpy()[0]
        assert together.length.numpy()[row] == length
        assert np.array_equal(alone.ids[0], together.ids[row, :length])


@pytest.mark.parametrize("part", ["a", "ab", "日本語", "a b ", "'", "\u0301"])
def test_ten_thousand_characters_are_cut_at_once(processor, part):
    line = part * (10_000 // len(part))
    text = processor(["ab ab aa aa 日本 日本 '' ''", line[:50]])
    pieces = pieces_of(text)
    batch = tf.constant([line, "ab"])
    text.pieces(batch)
    began = time.perf_counter()
    found = strings(text.pieces(batch))
    # A hundredth of a second.
    assert time.perf_counter() - began < 2
    expected = reference.words_of(cleaned([line], text.config)[0])
    assert found[0] == [piece for word in expected for piece in quick_cut(word, pieces)]


def quick_cut(word, pieces):
    longest = max(map(len, pieces))
    start = 0
    while start < len(word):
        piece = next(
            (word[start:end] for end in range(start + longest, start, -1) if word[start:end] in pieces), word[start]
        )
        yield piece
        start += len(piece)


def test_batches_of_many_shapes_need_no_new_graph(processor):
    text = processor(["ab ab"])
    draw = random.Random(2)
    for _ in range(20):
        text.pieces(tf.constant(["ab " * draw.randint(0, 9) for _ in range(draw.randint(0, 7))], tf.string))
    assert text.pieces.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("size", [1, 499, 32_001, 1_000_000])
def test_sizes_that_are_not_allowed(size):
    with pytest.raises(ValueError, match=rf"vocabulary_size is {size}: with unit subword 500 to 32000 are allowed"):
        TextConfig(unit="subword", vocabulary_size=size)


def test_sizes_that_are_allowed():
    assert [TextConfig(unit="subword", vocabulary_size=x).vocabulary_size for x in (500, 32_000)] == [500, 32_000]
    assert TextConfig(unit="char", vocabulary_size=20).vocabulary_size == 20
