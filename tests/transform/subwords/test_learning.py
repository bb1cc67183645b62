"""The learner of subwords, against byte-pair encoding that recounts all pairs for every merge."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transform.subwords import reference
from transform.subwords.learning import cut, learn_pieces
from transform.subwords.merges import Merges


def all_merges(words, least=1):
    merges, found = Merges(words), []
    while (count := merges.best_count()) >= least:
        found.append(("".join(merges.merge()), count))
    return found


def recounted_merges(words, least=1):
    merges, found = reference.RecountedMerges(words), []
    while True:
        count, pair = merges.best()
        if -count < least:
            return found
        found.append((merges.merge(pair), -count))


@pytest.fixture(scope="module")
def prose():
    return reference.count_words(reference.prose())


def test_merges_of_the_papers_words():
    # The words of Sennrich, Haddow and Birch (2016), without the sign for a word's end.
    words = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
    assert [piece for piece, _ in all_merges(words)][:8] == ["es", "est", "lo", "low", "ew", "ewest", "newest", "dest"]


def test_merges_overlapping_pairs_from_left_to_right():
    assert all_merges({"aaaaa": 1}) == [("aa", 4), ("aaa", 1), ("aaaaa", 1)] == recounted_merges({"aaaaa": 1})


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text("abc", max_size=9), st.integers(1, 5), max_size=8))
def test_merges_are_those_of_recounting(words):
    # Python's hashes of strings differ from run to run; what is equally frequent must not follow them.
    assert all_merges(words) == recounted_merges(words)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.text("abcd", min_size=1, max_size=8), st.integers(1, 9), max_size=12),
    st.integers(1, 20),
    st.integers(1, 6),
)
def test_vocabularies_of_random_words(words, size, min_count):
    characters = reference.count_characters(words)
    expected = reference.learn(words, characters, size, min_count)
    assert learn_pieces(words, characters, size, min_count) == expected


@pytest.mark.parametrize(("size", "min_count"), [(300, 1), (400, 3)])
def test_vocabularies_of_real_text(prose, size, min_count):
    characters = reference.count_characters(prose)
    pieces = learn_pieces(prose, characters, size, min_count)
    assert pieces == reference.learn(prose, characters, size, min_count)
    assert len(set(pieces)) == len(pieces) == size
    assert all(count < min_count for character, count in characters.items() if character not in pieces)


def test_the_order_of_the_counts_does_not_matter(prose):
    characters = reference.count_characters(prose)
    pieces = learn_pieces(prose, characters, 500, 1)
    draw = random.Random(5)
    for _ in range(3):
        words, letters = list(prose.items()), list(characters.items())
        draw.shuffle(words)
        draw.shuffle(letters)
        assert learn_pieces(dict(words), dict(letters), 500, 1) == pieces


def test_text_is_no_longer_than_in_byte_pair_encoding(prose):
    characters = reference.count_characters(prose)
    pieces = learn_pieces(prose, characters, 500, 1)
    ours = sum(count * len(list(cut(word, set(pieces), 20))) for word, count in prose.items())
    merges = reference.RecountedMerges(prose)
    for _ in range(500 - len(characters)):
        merges.merge(merges.best()[1])
    assert ours <= 1.005 * merges.pieces_in_all()


def test_characters_come_first_and_are_kept_before_all_else():
    words = {"ab": 5, "cab": 5, "d": 1}
    characters = reference.count_characters(words)
    assert learn_pieces(words, characters, 3, 1) == ["a", "b", "c"]
    assert learn_pieces(words, characters, 9, 1) == ["a", "b", "c", "d", "ab", "cab"]
    assert learn_pieces(words, characters, 9, 2) == ["a", "b", "c", "ab", "cab"]
    assert learn_pieces(words, characters, 9, 6) == ["a", "b", "ab"]


def test_no_piece_goes_across_an_unknown_character():
    words = {"axb": 9, "ab": 3}
    pieces = learn_pieces(words, {"a": 12, "b": 12, "x": 1}, 50, 2)
    assert pieces == ["a", "b", "ab"]


def test_a_step_on_the_way_to_a_longer_piece_takes_no_place():
    words = {"tion": 50, "station": 50, "abab": 4}
    pieces = learn_pieces(words, reference.count_characters(words), 12, 1)
    assert {"tion", "station", "abab"} <= set(pieces)
    assert not {"ti", "io", "on", "tio", "ion", "st", "sta"} & set(pieces)


def test_nothing_to_learn_from():
    assert learn_pieces({}, {}, 500, 1) == []
    assert learn_pieces({"a": 1}, {"a": 1}, 500, 1) == ["a"]
    assert learn_pieces({"ab": 1}, {"a": 1, "b": 1}, 500, 1) == ["a", "b"]


def test_learning_does_not_slow_down_with_merges_times_words():
    draw = random.Random(3)
    syllables = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(1, 4))) for _ in range(2_000)]
    words = {"▁" + "".join(draw.choices(syllables, k=draw.randint(1, 4))): draw.randint(1, 50) for _ in range(20_000)}
    began = time.process_time()
    pieces = learn_pieces(words, reference.count_characters(words), 4_000, 1)
    # About 2 s; counting all pairs for every merge takes ten minutes.
    assert time.process_time() - began < 30
    assert len(pieces) == 4_000
