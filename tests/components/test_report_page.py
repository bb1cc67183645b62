"""The report as people read it, in Chromium: on a desk, on a phone, in the dark, on paper; and the model card."""

import pytest
from markdown_it import MarkdownIt
from playwright.sync_api import expect

from components.report.rendering import CARD, PAGE, markdown, render, sign, visible
from tests.components.report_content import ARABIC, MARKUP, content

CONTRASTS = [  # of what is written on what, by the names of the style sheet
    *((ink, ground) for ink in ("ink", "quiet") for ground in ("ground", "panel")),
    *((ink, "ground") for ink in ("good", "bad")),
    *((ink, "panel") for ink in ("good", "bad", "accent", "second", "third", "fourth")),
    ("bad", "bad-wash"),
]


@pytest.fixture(scope="module")
def shown():
    return content()


@pytest.fixture(scope="module")
def page_url(shown, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / PAGE
    path.write_text(render(PAGE, shown), encoding="utf-8")
    return path.as_uri()


def test_it_says_at_a_glance_what_came_of_the_run_and_why(visit, page_url, shown):
    page = visit(page_url)
    expect(page.get_by_role("heading", level=1)).to_have_text("dates")
    outcome = page.get_by_role("region", name="Not pushed: the model failed a threshold")
    expect(outcome.get_by_role("listitem")).to_have_text(shown["outcome"].reasons)
    cells = outcome.get_by_role("row").nth(1).get_by_role("cell").all_text_contents()
    assert cells[1:] == ["0.81", "0.93"]
    expect(page.locator(".tiles li").first).to_contain_text("worse")


def test_every_slice_stands_beside_the_blessed_model(visit, page_url, shown):
    page = visit(page_url)
    rows = page.get_by_role("region", name="exact match by slice").locator("tbody tr")
    assert rows.locator("th").all_text_contents() == [row.name for row in shown["tables"][0].rows]
    first = rows.first.locator("td").all_text_contents()
    row = shown["tables"][0].rows[0]
    assert first[1:3] == [f"{row.figure:.4g}", f"{row.low:.4g} to {row.high:.4g}"]
    assert first[-1] == "worse"
    # The pictures of a table have one scale.
    dot = rows.first.locator(".interval .dot")
    assert float(dot.get_attribute("cx")) == row.picture.figure


def test_text_is_never_markup_and_runs_in_its_own_direction(visit, page_url):
    page = visit(page_url)
    assert page.locator("img").count() == 0
    assert page.get_by_text(MARKUP, exact=True).count() >= 3
    arabic = page.locator(".sample bdi", has_text=ARABIC).first
    assert arabic.evaluate("text => getComputedStyle(text).direction") == "rtl"
    hebrew = page.locator("article", has_text="יום").locator("table.heat")
    headings = [box.bounding_box()["x"] for box in hebrew.get_by_role("columnheader").all()]
    assert headings == sorted(headings, reverse=True)


def test_the_attention_is_drawn_as_strong_as_it_is(visit, page_url, shown):
    page = visit(page_url)
    attention = shown["worst"][0][1]
    table = page.locator("table.heat").first
    expect(table.get_by_role("columnheader")).to_have_text([sign(token) for token in attention.source_tokens])
    strength = table.locator("tbody td").nth(3).evaluate("cell => getComputedStyle(cell, '::before').opacity")
    assert float(strength) == pytest.approx(attention.weights[0][3], abs=0.006)


def test_a_phone_scrolls_tables_and_not_the_page(visit, page_url):
    page = visit(page_url, viewport={"width": 320, "height": 640})
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 320
    scrolled = page.get_by_role("region", name="exact match by slice")
    assert scrolled.evaluate("region => region.scrollWidth > region.clientWidth")


def test_paper_is_white_and_cuts_nothing_off(visit, page_url):
    page = visit(page_url, color_scheme="dark")
    assert _luminance(_colors(page, ["ground"])[0]) < 0.1
    page.emulate_media(media="print")
    ground, ink = map(_luminance, _colors(page, ["ground", "ink"]))
    assert (ground, ink < 0.1) == (1.0, True)
    hidden = "() => [...document.querySelectorAll('.scroll, .picture, pre')].map(e => getComputedStyle(e).overflowX)"
    assert set(page.evaluate(hidden)) == {"visible"}
    assert page.pdf().startswith(b"%PDF")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_enough_to_read(visit, page_url, scheme):
    page = visit(page_url, color_scheme=scheme)
    names = sorted({name for pair in CONTRASTS for name in pair})
    luminance = dict(zip(names, map(_luminance, _colors(page, names)), strict=True))
    assert (luminance["ink"] > luminance["ground"]) == (scheme == "dark")
    for pair in CONTRASTS:
        darker, lighter = sorted(luminance[name] for name in pair)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, pair


def test_a_first_model_is_compared_with_none(visit, tmp_path):
    path = tmp_path / PAGE
    path.write_text(render(PAGE, content(baseline=False, blessed=True)), encoding="utf-8")
    page = visit(path.as_uri())
    expect(page.get_by_role("heading", name="Pushed as version 1795551144")).to_be_visible()
    assert page.get_by_role("columnheader", name="p", exact=True).count() == 0
    assert page.get_by_text("What the blessed model had right").count() == 0


def test_the_model_card_says_the_same_and_text_is_never_markup(shown):
    tokens = MarkdownIt("commonmark").enable("table").parse(render(CARD, shown))
    inline = [token for token in tokens if token.type == "inline"]
    assert not [
        child for token in inline for child in token.children if child.type not in ("text", "text_special", "softbreak")
    ]
    assert not [token for token in tokens if token.type == "html_block"]
    texts = ["".join(child.content for child in token.children) for token in inline]
    assert texts[0] == "Model card of dates"
    assert shown["outcome"].reasons[0] in texts
    for row in shown["tables"][0].rows:
        place = texts.index(row.name)
        assert texts[place + 2] == f"{row.figure:.4g}"
    assert "0f" * 32 in texts
    [config] = [token.content for token in tokens if token.type == "code_block"]
    assert config == shown["config"]


def test_what_has_no_shape_gets_one():
    assert visible("a\tb\u0000\u001b\u007f\u0085\ud800é") == "a␉b␀␛␡\ufffd\ufffdé"
    assert [sign(token) for token in ("</s>", "<unk>", " ", "\u200b", "\u0323", "é", "ab")] == [
        *("end", "unknown", "␣", "U+200B", "◌\u0323", "é", "ab"),
    ]
    assert markdown("a|b\n*c* <d>\u0000") == r"a\|b \*c\* \<d\>␀"


def _colors(page, names):
    script = "names => names.map(name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`))"
    return page.evaluate(script, names)


def _luminance(color):
    """Relative luminance by WCAG 2."""
    channels = (int(color.strip()[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
