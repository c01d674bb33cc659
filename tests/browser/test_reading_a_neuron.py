"""Reading a neuron by mouse and by keyboard."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage

UNIT = "/m/synthetic/mlp.1/7"


def test_arrow_keys_lead_to_the_neighbours_and_r_to_a_random_unit(open_page: OpenPage) -> None:
    page = open_page(UNIT)
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/mlp.1/8")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**/mlp.1/7")
    page.keyboard.press("r")
    page.wait_for_url(re.compile(r"/m/synthetic/(mlp|attn)\.\d/\d+$"))


def test_the_pointer_on_a_token_tells_text_value_id_and_position(open_page: OpenPage) -> None:
    page = open_page(UNIT)
    strip = page.locator(".list-top .strip").first
    strip.locator("i.peak").hover()
    readout = page.locator("[data-readout]")
    expect(readout).to_be_visible()
    peak = int(strip.get_attribute("data-peak") or "0")
    value = (strip.get_attribute("data-values") or "").split()[peak]
    token = (strip.get_attribute("data-ids") or "").split()[peak]
    expect(readout).to_contain_text(value)
    expect(readout).to_contain_text(f"id {token}")
    expect(readout).to_contain_text(f"position {peak}")
    page.locator("h1").hover()
    expect(readout).to_be_hidden()


def test_a_strip_is_read_token_by_token_with_the_keyboard(open_page: OpenPage) -> None:
    page = open_page(UNIT)
    strip = page.locator(".list-top .strip").first
    page.locator(".list-top .more").focus()
    page.keyboard.press("Tab")
    expect(strip).to_be_focused()
    readout = page.locator("[data-readout]")
    peak = int(strip.get_attribute("data-peak") or "0")
    expect(readout).to_contain_text(f"position {peak}")
    page.keyboard.press("ArrowLeft")
    expect(readout).to_contain_text(f"position {peak - 1}")
    expect(page).to_have_url(re.compile(r"/mlp\.1/7$"))
    page.keyboard.press("Escape")
    expect(readout).to_be_hidden()


def test_the_full_context_opens_by_mouse_and_by_key(open_page: OpenPage) -> None:
    page = open_page(UNIT)
    row = page.locator(".list-top .exemplar").first
    outside = row.locator(".outside").last
    expect(outside).to_be_hidden()
    row.get_by_text("context").click()
    expect(row.locator(".where")).to_be_visible()
    row.locator(".strip").focus()
    page.keyboard.press("Enter")
    expect(row.locator(".where")).to_be_hidden()


def test_tabs_replace_the_exemplars_in_place_and_back_returns(open_page: OpenPage) -> None:
    page = open_page(UNIT)
    page.evaluate("document.body.dataset.kept = 'yes'")
    page.get_by_role("navigation", name="Windows").get_by_text("intervals").click()
    expect(page.locator(".list-interval")).to_be_visible()
    expect(page).to_have_url(re.compile(r"show=intervals"))
    expect(page.locator("body")).to_have_attribute("data-kept", "yes")
    page.go_back()
    expect(page.locator(".list-bottom")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/mlp\.1/7$"))


def test_a_head_draws_what_the_token_under_the_pointer_reads(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic/attn.1/0")
    row = page.locator(".list-top .exemplar").first
    expect(row.locator(".reads")).to_contain_text("Reads")
    row.locator(".before .near i").last.hover()
    expect(row.locator(".reads")).to_contain_text(re.compile(r" at \d+ reads"))
    expect(row.locator("path.arc").first).to_be_attached()
    page.locator("h1").hover()
    expect(row.locator(".reads")).to_have_text(re.compile(r"^Reads"))


def test_markup_in_tokens_and_titles_does_not_run(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic/mlp.1/7?show=random")
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    for path in (UNIT, "/m/synthetic/attn.1/0", "/corpora/starter", "/m/synthetic"):
        page.goto(path)
        expect(page.locator("main script, main img")).to_have_count(0)
    for token in page.locator(".strip i").all()[:40]:
        token.dispatch_event("pointerover")
    assert dialogs == []


def test_the_page_reads_without_javascript(open_page: OpenPage) -> None:
    page = open_page(UNIT, java_script_enabled=False)
    for kind, n in (("top", 6), ("bottom", 6), ("interval", 10), ("random", 4)):
        expect(page.locator(f".list-{kind} .exemplar")).to_have_count(n)
    page.get_by_role("navigation", name="Windows").get_by_text("bottom").click()
    expect(page.locator(".list-bottom .exemplar")).to_have_count(12)
    page.locator(".list-bottom .exemplar").first.get_by_text("context").click()
    expect(page.locator(".where").first).to_be_visible()
    page.get_by_role("link", name="8 ›").click()
    expect(page.locator("h1")).to_have_text("mlp.1/8")
