"""The reference of all keys is kept current."""

import pathlib

from pipeline.config_reference import config_reference


def test_the_page_in_docs_is_what_the_code_says():
    page = pathlib.Path(__file__).parents[2] / "docs" / "config.md"
    assert page.read_text(encoding="utf-8") == config_reference(), "run: seq2seq config reference > docs/config.md"


def test_every_key_has_a_meaning():
    rows = [line for line in config_reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 50
    assert not [row for row in rows if row.rstrip(" |").endswith("none |") or row.split(" | ")[-1].strip(" |") == ""]
