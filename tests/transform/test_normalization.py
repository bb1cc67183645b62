"""NFC and NFKC against Python's unicodedata."""

import random
import unicodedata

import pytest
import tensorflow as tf

from tests.transform.random_text import ASSIGNED, CHARACTERS, MARKS, NONCHARACTERS, random_strings
from transform.code_points import decode, encode
from transform.normalization import normalization_tables, normalize

FORMS = ("NFC", "NFKC")


@pytest.fixture(scope="module")
def normalizers():
    def make(form):
        return tf.function(
            lambda text: encode(normalize(decode(text), normalization_tables(form))), [tf.TensorSpec([None], tf.string)]
        )

    return {form: make(form) for form in FORMS}


def assert_like_python(normalizer, form, strings):
    normalized = [x.decode() for x in normalizer(tf.constant(strings, tf.string)).numpy()]
    for string, ours in zip(strings, normalized, strict=True):
        assert ours == unicodedata.normalize(form, string), [hex(ord(x)) for x in string]


@pytest.mark.parametrize("form", FORMS)
def test_every_code_point(normalizers, form):
    assert_like_python(normalizers[form], form, [x for x in CHARACTERS if x not in NONCHARACTERS])


@pytest.mark.parametrize("form", FORMS)
def test_every_code_point_before_and_after_marks(normalizers, form):
    touched = [x for x in ASSIGNED if unicodedata.normalize("NFKD", x) != x or unicodedata.combining(x)]
    assert_like_python(normalizers[form], form, [f"{x}\u0323\u0301{x}\u0334{x}" for x in touched])


@pytest.mark.parametrize("form", FORMS)
def test_random_strings(normalizers, form):
    assert_like_python(normalizers[form], form, random_strings(20_000, seed=1))


@pytest.mark.parametrize("form", FORMS)
def test_long_runs_of_marks(normalizers, form):
    for length in (30, 300, 3_000):
        run = "".join(random.Random(length).choices(MARKS, k=length))
        assert_like_python(normalizers[form], form, [f"a{run}", run, "plain", f"한{run}e{run}"])


@pytest.mark.parametrize("form", FORMS)
def test_a_hundred_thousand_marks(normalizers, form):
    # unicodedata sorts marks in quadratic time; the marks of an ideograph are sorted and nothing more.
    run = "".join(random.Random(1).choices(MARKS, k=100_000))
    decomposed = "".join(unicodedata.normalize("NFD", x) for x in run)
    expected = "".join(["字", *sorted(decomposed, key=unicodedata.combining)])
    assert normalizers[form](tf.constant([f"字{run}"])).numpy()[0].decode() == expected


@pytest.mark.parametrize("form", FORMS)
def test_no_text_at_all(normalizers, form):
    assert_like_python(normalizers[form], form, [])
    assert_like_python(normalizers[form], form, ["", ""])


# From Unicode's NormalizationTest.txt: source, NFC, NFKC.
GOLDEN = [
    ("\u1e0a\u0323", "\u1e0c\u0307", "\u1e0c\u0307"),
    ("D\u0307\u0323\u0307", "\u1e0c\u0307\u0307", "\u1e0c\u0307\u0307"),
    ("\u1100\u1161\u11a8", "\uac01", "\uac01"),
    ("\uac00\u11a7", "\uac00\u11a7", "\uac00\u11a7"),
    ("\u0b47\u0300\u0b3e", "\u0b47\u0300\u0b3e", "\u0b47\u0300\u0b3e"),
    ("a\u0315\u0300\u05ae\u0300b", "\u00e0\u05ae\u0300\u0315b", "\u00e0\u05ae\u0300\u0315b"),
    ("\u0958", "\u0915\u093c", "\u0915\u093c"),
    ("\u212b\ufb01", "\u00e5".upper() + "\ufb01", "\u00e5".upper() + "fi"),
    ("\ufdfa", "\ufdfa", "صلى الله عليه وسلم"),
]


@pytest.mark.parametrize(("source", "nfc", "nfkc"), GOLDEN)
def test_golden(normalizers, source, nfc, nfkc):
    for form, expected in zip(FORMS, (nfc, nfkc), strict=True):
        assert normalizers[form](tf.constant([source])).numpy()[0].decode() == expected


@pytest.mark.parametrize("form", FORMS)
def test_a_row_does_not_depend_on_its_neighbours(normalizers, form):
    strings = random_strings(200, seed=2)
    together = normalizers[form](tf.constant(strings)).numpy().tolist()
    assert together == [normalizers[form](tf.constant([x])).numpy()[0] for x in strings]
