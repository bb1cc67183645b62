"""The demo page as people use it, in Chromium, in front of real model servers."""

import re

import pytest
from playwright.sync_api import expect

from serving import contract
from serving.client import TranslationClient
from serving.client.translation import DETAILS
from serving.demo.line import LONGEST_LINE
from serving.step import StepDecoder
from tests.serving.demo.servers import Held, model_server, page_of, serve

MARKUP = "<img src=x onerror=alert(1)>"
CONTRASTS = [  # of what is written on what, by the names of the style sheet
    ("ink", "ground"),
    ("ink", "panel"),
    ("ink", "wash"),
    ("quiet", "ground"),
    ("quiet", "panel"),
    ("on-accent", "accent"),
    ("bad", "bad-wash"),
]


def best(page):
    return page.locator("#translation")


@pytest.fixture(scope="module")
def expected(toy_address):
    """What the model says of "bad"."""
    with TranslationClient(toy_address, "attentive") as client:
        [answer] = client.translate(["bad"], DETAILS)
    return answer


def test_a_line_is_translated_as_it_is_typed(visit, attentive_page, expected):
    page = visit(attentive_page)
    page.get_by_label("Text", exact=True).fill("bad")
    expect(page.get_by_role("status")).to_contain_text(f"Translation: {expected.text}. The best of 3 candidates.")
    expect(best(page)).to_have_text(expected.text)
    rows = page.get_by_role("table").first.locator("tbody tr")
    assert [row.get_by_role("radio").is_checked() for row in rows.all()] == [True, False, False]
    for row, candidate in zip(rows.all(), expected.candidates, strict=True):
        expect(row.get_by_role("rowheader")).to_have_text(candidate.text)
        expect(row.get_by_role("cell").nth(1)).to_have_text(f"{candidate.score:.3f}".replace("-", "−"))


def test_tokens_are_shown_before_the_answer_is_there(visit, toy_address):
    with TranslationClient(toy_address, "attentive") as client:
        [greedy] = StepDecoder(client.predictor).decode(["bad"])
    held = Held(toy_address)
    with serve(held) as address, page_of(address, "attentive") as url:
        page = visit(url)
        page.get_by_label("Text", exact=True).fill("bad")
        expect(page.locator("#tokens li")).to_have_text([*greedy.hypotheses[0].tokens[:-1], "end"])
        expect(page.get_by_role("radio")).to_have_count(0)
        held.release.set()
        expect(page.get_by_role("radio")).to_have_count(3)


def test_the_attention_of_the_chosen_candidate(visit, attentive_page, expected):
    page = visit(attentive_page)
    page.get_by_label("Text", exact=True).fill("bad")
    table = page.get_by_role("region", name="Picture of the attention").get_by_role("table")
    for place in (0, 1):
        page.get_by_role("radio").nth(place).check()
        candidate = expected.candidates[place]
        expect(best(page)).to_have_text(candidate.text)
        expect(table.get_by_role("columnheader")).to_have_text(["b", "a", "d", "end"])
        expect(table.get_by_role("rowheader")).to_have_text([*candidate.tokens[:-1], "end"])
        shown = [int(cell.removesuffix(" %")) for cell in table.locator("tbody td").all_text_contents()]
        assert shown == pytest.approx((100 * candidate.alignment).ravel().tolist(), abs=0.51)
        strength = table.locator("tbody td").nth(0).evaluate("cell => getComputedStyle(cell, '::before').opacity")
        assert float(strength) == pytest.approx(candidate.alignment[0, 0], abs=0.006)
    page.get_by_text("In words").click()
    attended = "bad"[candidate.alignment[0, :3].argmax()] if candidate.alignment[0].argmax() < 3 else "end"
    expect(page.locator("#attention-words li").first).to_contain_text(f"looked most at {attended}")


def test_all_of_it_by_keyboard(visit, attentive_page):
    page = visit(attentive_page)
    expect(page.get_by_label("Text", exact=True)).to_be_focused()
    page.keyboard.type("bad")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("3 candidates")
    assert page.get_by_label("Text", exact=True).input_value() == "bad"
    focused = page.locator(":focus")
    order = []
    for _ in range(3):
        page.keyboard.press("Tab")
        order.append(focused.get_attribute("id") or focused.inner_text())
    first = page.locator("#tokens button").first
    assert order == ["prefix", "Translate", first.inner_text()]
    expect(focused).to_have_accessible_name(re.compile("keep “.*” and complete it"))
    start = first.inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Start of the translation")).to_be_focused()
    expect(page.get_by_label("Start of the translation")).to_have_value(start)
    expect(page.locator("#tokens .given")).to_have_text([start])
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Clear")).to_be_focused()
    page.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("status")).to_contain_text("Candidate 2 of")


def test_a_start_is_completed(visit, attentive_page):
    page = visit(attentive_page)
    page.get_by_label("Text", exact=True).fill("bad")
    page.get_by_label("Start of the translation").fill("z y")
    expect(page.locator("#tokens .given")).to_have_text(["z", "y"])
    expect(best(page)).to_have_text(re.compile("^z y"))
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#tokens .given")).to_have_count(0)


def test_one_candidate_and_no_attention(visit, plain_page):
    page = visit(plain_page)
    page.get_by_label("Text", exact=True).fill("bad")
    expect(page.get_by_text("This model has no attention: there is nothing to draw.")).to_be_visible()
    expect(page.get_by_text("This model answers with its best translation alone")).to_be_visible()
    expect(page.get_by_role("radio")).to_have_count(1)
    expect(page.get_by_role("status")).to_contain_text("Candidate 1 of 1.")


def test_lines_that_are_empty_or_too_long(visit, attentive_page):
    page = visit(attentive_page)
    page.get_by_label("Text", exact=True).fill("bad")
    expect(page.get_by_role("radio")).to_have_count(3)
    page.get_by_label("Text", exact=True).fill("  ")
    expect(page.get_by_role("status")).to_have_text("The line is empty: type something to translate.")
    expect(page.get_by_role("radio")).to_have_count(0)
    page.get_by_label("Text", exact=True).fill("🙂" * (LONGEST_LINE + 1))
    expect(page.get_by_role("alert")).to_have_text("The line has 2,001 characters: 2,000 are the most here.")
    page.get_by_label("Text", exact=True).fill("🙂" * LONGEST_LINE)
    expect(page.get_by_role("radio")).to_have_count(3)
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_model_server_that_comes_up_later(visit, toys, unused_port):
    with page_of(f"localhost:{unused_port}", "attentive") as url:
        page = visit(url)
        page.get_by_label("Text", exact=True).fill("bad")
        expect(page.get_by_role("alert")).to_contain_text(f"model server at localhost:{unused_port} cannot be reached")
        expect(page.get_by_role("alert")).to_contain_text("UNAVAILABLE: ")
        with model_server(toys, ["attentive"], unused_port):
            page.get_by_role("button", name="Try again").click()
            expect(page.get_by_role("radio")).to_have_count(3)
        expect(page.get_by_role("alert")).to_be_hidden()


def test_the_pages_own_server_is_gone(visit, toy_address):
    with page_of(toy_address, "attentive") as url:
        page = visit(url)
    page.get_by_label("Text", exact=True).fill("bad")
    expect(page.get_by_role("alert")).to_contain_text("The demo's own server gave no answer.")


def test_typing_on_cancels_what_is_under_way(visit, hanging):
    page = visit(hanging.page)
    page.get_by_label("Text", exact=True).fill("first")
    assert hanging.called.get(timeout=30) == contract.ENCODE
    expect(page.get_by_role("region", name="Translation", exact=True)).to_have_attribute("aria-busy", "true")
    page.get_by_label("Start of the translation").fill("z")
    assert hanging.cancelled.get(timeout=10) == contract.ENCODE
    assert hanging.called.get(timeout=10) == contract.COMPLETE
    assert hanging.cancelled.empty()


def test_text_is_never_markup(visit, attentive_page):
    page = visit(attentive_page)
    page.get_by_label("Text", exact=True).fill(MARKUP)
    page.get_by_label("Start of the translation").fill(MARKUP)
    expect(best(page)).to_contain_text(MARKUP)
    expect(page.get_by_role("radio").first).to_have_accessible_name(re.compile(re.escape(MARKUP)))
    page.get_by_text("In words").click()
    assert page.locator("img").count() == 0


@pytest.mark.parametrize(("text", "direction"), [("مرحبا", "rtl"), ("face", "ltr")])
def test_text_runs_in_its_own_direction(visit, attentive_page, text, direction):
    page = visit(attentive_page)
    field = page.get_by_label("Text", exact=True)
    field.fill(text)
    page.get_by_label("Start of the translation").fill(text)
    assert field.evaluate("field => getComputedStyle(field).direction") == direction
    table = page.locator("table.heat")
    expect(table).to_have_attribute("dir", direction)
    headings = [box.bounding_box()["x"] for box in table.get_by_role("columnheader").all()]
    assert headings == sorted(headings, reverse=direction == "rtl")
    tokens = [box.bounding_box()["x"] for box in page.locator("#tokens li").all()[:2]]
    assert tokens == sorted(tokens, reverse=direction == "rtl")


def test_tokens_without_a_shape_get_a_sign(visit, attentive_page):
    page = visit(attentive_page)
    page.get_by_label("Text", exact=True).fill("a e\u0323\u0323 \u200bb")
    expect(page.locator("table.heat thead th").first).to_have_text("a")
    headings = page.locator("table.heat thead th").all_text_contents()
    assert headings[1] == "␣"
    assert "◌\u0323" in headings
    assert all(heading.strip() for heading in headings)


def test_a_phone_scrolls_the_picture_and_not_the_page(visit, attentive_page):
    page = visit(attentive_page, viewport={"width": 320, "height": 640})
    page.get_by_label("Text", exact=True).fill("abcdefghabcd")
    page.get_by_label("Start of the translation").fill("w" * 60)
    expect(page.locator("#tokens .given")).to_have_count(1)
    table = page.locator("table.heat")
    # The text, which is often the longer side, runs down.
    expect(table.get_by_role("rowheader")).to_have_text([*"abcdefghabcd", "end"])
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 320


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_enough_to_read(visit, attentive_page, scheme):
    page = visit(attentive_page, color_scheme=scheme)
    style = page.evaluate(
        "names => names.map(name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`))",
        sorted({name for pair in CONTRASTS for name in pair}),
    )
    luminance = dict(zip(sorted({name for pair in CONTRASTS for name in pair}), map(_luminance, style), strict=True))
    assert (luminance["ink"] > luminance["ground"]) == (scheme == "dark")
    for pair in CONTRASTS:
        darker, lighter = sorted(luminance[name] for name in pair)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, pair


def _luminance(color):
    """Relative luminance by WCAG 2."""
    channels = (int(color.strip()[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
