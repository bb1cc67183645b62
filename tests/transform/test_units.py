"""Splitting text into units, and joining them to text again."""

import unicodedata

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transform.random_text import random_strings
from transform.cleaning import clean
from transform.code_points import encode
from transform.config import TextConfig
from transform.text import segment
from transform.units import UNITS


def pieces(unit, *texts):
    return [[x.decode() for x in row] for row in segment(tf.constant(texts), TextConfig(unit=unit)).to_list()]


def collapse(text):
    return " ".join(part for part in text.split(" ") if part)


def assert_join_undoes_split(unit, texts):
    config = TextConfig(unit=unit, normalization="none")
    kept = [x.decode() for x in encode(clean(tf.constant(texts, tf.string), config)).numpy()]
    split = segment(tf.constant(texts, tf.string), config)
    joined = [x.decode() for x in UNITS[unit].join(split).numpy()]
    assert joined == (kept if unit in ("char", "subword") else [collapse(x) for x in kept])


def test_char():
    assert pieces("char", "a  é", "", "👩‍👧") == [["a", " ", " ", "é"], [], ["👩", "\u200d", "👧"]]


def test_space():
    assert pieces("space", " HH  AH0 L,OW1 ", "", "  ", "a\tb") == [["HH", "AH0", "L,OW1"], [], [], ["a", "b"]]


def test_no_piece_is_empty_or_holds_a_space():
    for unit in ("word", "space"):
        found = {piece for row in pieces(unit, *random_strings(2_000, seed=5)) for piece in row}
        assert "" not in found
        assert not any(" " in piece for piece in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("don't (stop)!", "don ￭'￭ t (￭ stop ￭) ￭!"),
        ("Hello, world.", "Hello ￭, world ￭."),
        ("a - b", "a - b"),
        ("?!...", "? ￭! ￭. ￭. ￭."),
        ("3.14 1,000", "3 ￭.￭ 14 1 ￭,￭ 000"),
        ("snake_case", "snake ￭_￭ case"),
        ("¿Qué?", "¿￭ Qué ￭?"),
        ("x²½", "x²½"),
        ("नमस्ते।", "नमस्ते ￭।"),
        ("日本語、です", "日本語 ￭、￭ です"),
        ("❤️x", "❤️￭ x"),
        ("n\u0303 \u0303", "ñ \u0303"),
        ("a\u00a0b", "a ￭\u00a0￭ b"),
        ("a￭b", "a ￭％ffed￭ b"),
        ("％ffed", "％￭ ffed"),
        ("￭", "％ffed"),
        ("</s>", "< ￭/￭ s ￭>"),
    ],
)
def test_word(text, expected):
    assert pieces("word", text) == [expected.split(" ")]
    assert_join_undoes_split("word", [text])


def test_joiners_at_the_ends_of_a_text_join_nothing():
    joined = UNITS["word"].join(tf.ragged.constant([["￭,", "a", "(￭"], ["￭"], []], dtype=tf.string))
    assert [x.decode() for x in joined.numpy()] == [", a (", "", ""]


@pytest.mark.parametrize("unit", UNITS)
def test_join_undoes_split_on_random_strings(unit):
    assert_join_undoes_split(unit, random_strings(5_000, seed=6))


@pytest.mark.parametrize("unit", UNITS)
@settings(max_examples=50, deadline=None)
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=8))
def test_join_undoes_split(unit, texts):
    assert_join_undoes_split(unit, texts)


@pytest.mark.parametrize("unit", UNITS)
@settings(max_examples=50, deadline=None)
@given(texts=st.lists(st.binary(max_size=12), max_size=8))
def test_no_bytes_are_too_odd(unit, texts):
    assert_join_undoes_split(unit, texts)


def test_words_are_runs_of_letters_marks_and_digits():
    for row in pieces("word", *random_strings(1_000, seed=7)):
        for piece in row:
            bare = piece.removeprefix("￭").removesuffix("￭").replace("％ffed", "￭")
            categories = [unicodedata.category(x)[0] for x in bare]
            assert set(categories) <= {"L", "M", "N"} or set(categories[1:]) <= {"M"}
