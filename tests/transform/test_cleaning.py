"""What is done to text before it is split, against Python's str and unicodedata."""

import os
import pathlib
import subprocess
import sys
import unicodedata

import pytest
import tensorflow as tf

from tests.transform.random_text import CHARACTERS, NONCHARACTERS, random_strings
from transform.cleaning import clean
from transform.code_points import decode, encode
from transform.config import TextConfig
from transform.lowercase import lowercase

ROOT = pathlib.Path(__file__).parents[2]


def cleaned(strings, **settings):
    config = TextConfig(**settings)
    function = tf.function(lambda text: encode(clean(text, config)), [tf.TensorSpec([None], tf.string)])
    return [x.decode() for x in function(tf.constant(strings)).numpy()]


def lowercased(strings):
    function = tf.function(lambda text: encode(lowercase(decode(text))), [tf.TensorSpec([None], tf.string)])
    return [x.decode() for x in function(tf.constant(strings)).numpy()]


def test_lower_case_of_every_code_point_is_pythons():
    characters = [x for x in CHARACTERS if x not in NONCHARACTERS]
    assert lowercased(characters) == [x.lower() for x in characters]


def test_lower_case_of_random_strings_is_pythons():
    strings = random_strings(10_000, seed=3)
    for string, ours in zip(strings, lowercased(strings), strict=True):
        assert ours == string.lower(), [hex(ord(x)) for x in string]


def test_greek_words_end_in_a_final_sigma_and_a_dotted_capital_i_keeps_its_dot():
    assert lowercased(["ΟΔΥΣΣΕΥΣ", "ΑΣ'Α Σ ΣΑΣ.", "İI"]) == ["οδυσσευς", "ασ'α σ σας.", "i\u0307i"]


def test_lower_case_does_not_follow_the_locale_of_the_process(tmp_path):
    script = (
        "import tensorflow as tf; from transform.lowercase import lowercase; from transform.code_points import *;"
        "print(encode(lowercase(decode(tf.constant(['TITLE İ'])))).numpy()[0].hex())"
    )
    environment = {**os.environ, "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert bytes.fromhex(done.stdout.split()[-1]).decode() == "title i\u0307"


@pytest.mark.parametrize("form", ["nfc", "nfkc"])
def test_text_is_normalised_after_lower_casing_too(form):
    # h with a macron below has a code point of its own, H with one has not.
    assert cleaned(["H\u0331", "J\u030c", "℡ K"], normalization=form, lowercase=True) == [
        "\u1e96",
        "\u01f0",
        "tel k" if form == "nfkc" else "℡ k",
    ]
    strings = random_strings(2_000, seed=4)
    for ours in cleaned(strings, normalization=form, lowercase=True):
        assert unicodedata.is_normalized(form.upper(), ours)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (b"a\xffb", "a\ufffdb"),
        (b"\xc3", "\ufffd"),
        (b"\xc0\xaf", "\ufffd\ufffd"),
        (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
        (b"\xf0\x9f\x98 x", "\ufffd x"),
        (b"\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"),
    ],
)
def test_invalid_utf8_becomes_replacement_characters_as_in_pythons_decoder(given, expected):
    assert given.decode(errors="replace") == expected
    assert cleaned([given]) == [expected]


def test_nul_and_noncharacters_become_replacement_characters():
    assert cleaned(["a\x00b", "\ufdd0", "\uffff", "\U0010fffe"]) == ["a\ufffdb", "\ufffd", "\ufffd", "\ufffd"]


def test_what_separates_becomes_a_space():
    separators = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\u1680\u2003\u2028\u2029\u205f\u3000"
    for form in ("none", "nfc", "nfkc"):
        assert cleaned([f"a{x}b" for x in separators], normalization=form) == ["a b"] * len(separators)


def test_no_break_spaces_are_spaces_to_nfkc_alone():
    kept = ["a\u00a0b", "a\u202fb", "a\u2007b"]
    assert cleaned(kept, normalization="none") == kept
    assert cleaned(kept, normalization="nfc") == kept
    assert cleaned(kept, normalization="nfkc") == ["a b"] * 3


def test_other_control_and_format_characters_stay():
    kept = ["\x01\x1b\x7f\x80", "\u200b\u200d\u200e\ufeff\u00ad"]
    assert cleaned(kept) == kept


def test_without_normalisation_text_keeps_its_form():
    assert cleaned(["e\u0301\u212b"], normalization="none") == ["e\u0301\u212b"]
    assert cleaned(["E\u0301H\u0331"], normalization="none", lowercase=True) == ["e\u0301h\u0331"]
