"""Explanations read, tried, written and searched for, by mouse and by keyboard."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage

UNIT = "/m/synthetic/mlp.1/7"


def write(page: Page, program: str) -> None:
    page.get_by_role("link", name="write one").click()
    page.get_by_label("Program: what it predicts").fill(program)


def test_the_evidence_is_loaded_when_it_comes_into_view(open_page: OpenPage) -> None:
    page = open_page(UNIT)
    expect(page.locator(".simulated")).to_have_count(0)
    page.locator("#evidence").scroll_into_view_if_needed()
    expect(page.locator(".simulated").first).to_be_visible()
    expect(page.get_by_role("heading", name="Where it fails")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/mlp\.1/7$"))


def test_another_explanation_replaces_the_evidence_in_place(open_page: OpenPage) -> None:
    page = open_page(UNIT)
    page.locator("#evidence").scroll_into_view_if_needed()
    expect(page.locator(".simulated").first).to_be_visible()
    page.locator(".explanation .said a", has_text="Token lookup").click()
    expect(page.locator("#evidence-title")).to_contain_text("Token lookup of 512 tokens")
    expect(page.locator("h1")).to_have_text("mlp.1/7")


def test_a_simulated_row_is_read_token_by_token(open_page: OpenPage) -> None:
    page = open_page(UNIT)
    page.locator("#evidence").scroll_into_view_if_needed()
    rows = page.locator(".simulated").first.locator(".strip")
    expect(rows).to_have_count(2)
    rows.nth(1).focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("[data-readout]")).to_contain_text("position")
    page.keyboard.press("Escape")


def test_a_program_is_scored_while_it_is_typed(open_page: OpenPage) -> None:
    page = open_page(UNIT)
    write(page, 'when word in {"wena", "qqzz"} -> 2\nwhen position < 6 -> 1')
    check = page.locator("#check")
    expect(check).to_contain_text("this program")
    expect(check.locator(".score-bar").first).to_be_visible()
    expect(check.locator(".warning")).to_contain_text("qqzz")
    expect(check.locator(".tried-on")).to_contain_text("Not a test")
    expect(check.locator(".simulated").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"/mlp\.1/7$"))


def test_the_evidence_and_the_form_stand_on_one_page_without_sharing_ids(
    open_page: OpenPage,
) -> None:
    page = open_page(UNIT)
    page.locator("#evidence").scroll_into_view_if_needed()
    expect(page.locator("#simulated-title")).to_be_visible()
    write(page, "when position < 6 -> 1")
    expect(page.locator("#tried-simulated-title")).to_be_visible()
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert sorted(ids) == sorted(set(ids))


def test_write_one_brings_the_form_into_view_and_the_cursor_into_it(open_page: OpenPage) -> None:
    page = open_page(UNIT)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("link", name="write one").click()
    program = page.get_by_label("Program: what it predicts")
    expect(program).to_be_focused()
    expect(program).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("heading", name="Write an explanation")).to_be_in_viewport()


def test_the_page_of_an_edit_begins_in_its_program(open_page: OpenPage) -> None:
    page = open_page(UNIT)
    page.locator("#evidence").scroll_into_view_if_needed()
    page.get_by_role("link", name="Edit as a new version").click()
    expect(page.get_by_label("Program: what it predicts")).to_be_focused()


def test_a_mistake_is_shown_with_its_caret_and_goes_when_it_is_mended(
    open_page: OpenPage,
) -> None:
    page = open_page(UNIT, refused=422)
    write(page, 'when word in {"wena" -> 2')
    expect(page.locator("#check .excerpt")).to_contain_text("^")
    expect(page.locator("#check")).to_contain_text("line 1, column 22")
    page.get_by_label("Program: what it predicts").fill('when word in {"wena"} -> 2')
    expect(page.locator("#check")).to_contain_text("this program")
    expect(page.locator("#check .excerpt")).to_have_count(0)


def test_an_example_is_put_in_with_one_click(open_page: OpenPage) -> None:
    page = open_page(f"{UNIT}/explanations/new")
    page.get_by_text("The language in brief, and examples").click()
    page.get_by_role("button", name="use it").nth(3).click()
    expect(page.get_by_label("Program: what it predicts")).to_have_value(
        re.compile("when continues")
    )
    expect(page.locator("#check")).to_contain_text("this program")


def test_what_is_saved_is_shown_and_can_be_withdrawn(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic/mlp.2/9")
    write(page, "when position < 4 -> 1")
    page.get_by_label("In words").fill("The beginning of a window")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile(r"/mlp\.2/9/explanations/\d+$"))
    expect(page.locator("#evidence-title")).to_have_text("The beginning of a window")
    page.get_by_text("Withdraw", exact=True).first.click()
    page.get_by_role("button", name="Withdraw").click()
    expect(page.get_by_role("note").filter(has_text="Withdrawn")).to_be_visible()


def test_the_form_works_without_javascript(open_page: OpenPage) -> None:
    page = open_page(f"{UNIT}/explanations/new", java_script_enabled=False, refused=422)
    page.get_by_label("Program: what it predicts").fill("when nonsense -> 2")
    page.get_by_role("button", name="Try").click()
    expect(page.locator("#check .excerpt")).to_contain_text("^")
    page.get_by_label("Program: what it predicts").fill("when repeated -> 2")
    page.get_by_role("button", name="Try").click()
    expect(page.locator("#check")).to_contain_text("this program")


def test_a_slash_and_words_search_and_filters_narrow_in_place(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic/mlp.1/7")
    page.keyboard.press("/")
    page.keyboard.type("fires")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/search\?"))
    expect(page.locator(".found").first).to_be_visible()
    page.evaluate("document.body.dataset.kept = 'yes'")
    page.get_by_label("method").select_option("hand")
    expect(page.locator(".undefined")).to_contain_text("Nothing found")
    expect(page).to_have_url(re.compile(r"q=fires.*method=hand|method=hand.*q=fires"))
    expect(page.locator("body")).to_have_attribute("data-kept", "yes")
    page.get_by_role("link", name="Search without filters").click()
    expect(page.locator(".found mark").first).to_be_visible()


def test_scores_by_layer_are_loaded_when_they_come_into_view(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic")
    page.locator("#scores").scroll_into_view_if_needed()
    expect(page.locator(".layer-scores").first).to_be_visible()
    expect(page.locator(".r-by-bits").first).to_be_visible()


def test_on_a_telephone_a_rule_is_read_without_scrolling_sideways(open_page: OpenPage) -> None:
    page = open_page(UNIT, width=380, height=800)
    page.locator("#evidence").scroll_into_view_if_needed()
    rules = page.locator("table.rules").first
    expect(rules.locator(".verdict").first).to_be_visible()
    edges = rules.locator("td").evaluate_all(
        "cells => cells.map(cell => cell.getBoundingClientRect().right)"
    )
    assert max(edges) <= 380
