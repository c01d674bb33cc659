"""Two people look at one neuron, and see what the other does."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_accessibility import LOOKS, barriers, overflow

SECOND = 1_000
EVIL = '<img src=x onerror="document.title=1"><script>document.title=1</script> & mlp.0/3'


def say(page: Page, text: str, label: str = "Comment on this unit") -> None:
    page.get_by_label(label).fill(text)
    with page.expect_response(re.compile("/comments")):
        page.get_by_label(label).press("Control+Enter")


def test_a_comment_appears_on_the_other_page_within_a_second(open_page: OpenPage) -> None:
    unit = "/m/synthetic/mlp.1/7"
    first, second = open_page(unit), open_page(unit)
    expect(second.locator("#talk-unit")).to_contain_text("Nobody has said anything yet")
    say(first, "Whales, see mlp.0/3.")
    expect(second.locator("#talk-unit")).to_contain_text("Whales, see mlp.0/3.", timeout=SECOND)
    expect(first.locator("#talk-unit")).to_contain_text("Whales, see mlp.0/3.")
    expect(first.get_by_label("Comment on this unit")).to_have_value("")
    link = second.locator("#talk-unit").get_by_role("link", name="mlp.0/3")
    expect(link).to_have_attribute("href", "/m/synthetic/mlp.0/3")


def test_what_one_types_stays_while_others_talk(open_page: OpenPage) -> None:
    unit = "/m/synthetic/mlp.1/8"
    first, second = open_page(unit), open_page(unit)
    say(first, "One")
    expect(second.locator("#talk-unit")).to_contain_text("One")
    second.get_by_text("Reply", exact=False).first.click()
    answer = second.get_by_label("Your reply").first
    answer.fill("I was just about to")
    second.get_by_label("Comment on this unit").fill("and to")
    say(first, "Two")
    expect(second.locator("#talk-unit")).to_contain_text("Two")
    expect(answer).to_have_value("I was just about to")
    expect(second.get_by_label("Comment on this unit")).to_have_value("and to")
    answer.press("Control+Enter")
    expect(first.locator(".replies")).to_contain_text("I was just about to")
    expect(second.locator("details.reply[open]")).to_have_count(0)


@pytest.mark.parametrize("width", [1440, 390])
def test_a_script_that_somebody_wrote_stays_text(open_page: OpenPage, width: int) -> None:
    page = open_page(f"/m/synthetic/mlp.1/{9 if width > 1000 else 10}", width=width)
    title = page.title()
    say(page, EVIL)
    expect(page.locator("#talk-unit .said")).to_have_text(EVIL)
    assert page.locator("#talk-unit .said :is(img, script)").count() == 0
    page.reload()
    expect(page.locator("#talk-unit .said")).to_have_text(EVIL)
    assert page.title() == title
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_votes_and_verdicts_appear_where_they_are_shown(open_page: OpenPage) -> None:
    unit = open_page("/m/synthetic/mlp.1/11")
    made = unit.request.post(
        "/api/v1/models/synthetic/sites/mlp.1/units/11/explanations", data={"text": "Cats"}
    ).json()["id"]
    address = f"/m/synthetic/mlp.1/11/explanations/{made}"
    first, second = open_page(address), open_page(address)
    first.get_by_role("button", name="for it: 0").click()
    expect(second.get_by_role("button", name="for it: 1")).to_be_visible(timeout=SECOND)
    assert second.get_by_role("button", name="for it: 1").get_attribute("title") == "local owner"
    second.get_by_label("note").first.fill("still writing")
    first.get_by_label("reject").check()
    first.get_by_role("button", name="Judge").click()
    expect(second.get_by_role("button", name="Judge again")).to_be_visible(timeout=SECOND)
    second.get_by_role("button", name="for it: 1").click()
    expect(first.get_by_role("button", name="for it: 0")).to_be_visible(timeout=SECOND)


def test_b_marks_what_the_page_shows_and_no_longer(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic/mlp.1/12")
    page.keyboard.press("b")
    expect(page.get_by_role("button", name="Bookmarked")).to_have_attribute("aria-pressed", "true")
    page.goto("/bookmarks")
    expect(page.get_by_role("link", name="mlp.1/12")).to_be_visible()
    page.goto("/m/synthetic/mlp.1/12")
    page.get_by_label("Comment on this unit").fill("b is typed here")
    expect(page.get_by_role("button", name="Bookmarked")).to_be_visible()
    page.locator("h1").click()
    page.keyboard.press("b")
    expect(page.get_by_role("button", name="Bookmark", exact=True)).to_be_visible()


def test_a_unit_goes_into_a_new_list_from_its_page(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic/mlp.1/13")
    page.get_by_text("Add to a list").click()
    page.get_by_label("name of a new one").fill("Whales")
    page.locator("#add-to-list select").select_option("")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("link", name="Whales").click()
    expect(page.get_by_role("link", name="mlp.1/13")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS)
def test_a_discussion_and_lists_of_it_have_no_serious_barrier(
    open_page: OpenPage, look: str
) -> None:
    unit = f"/m/synthetic/mlp.2/{20 + len(look)}"
    page = open_page(unit, **LOOKS[look])
    api = f"/api/v1/models/synthetic/sites/mlp.2/units/{20 + len(look)}/comments"
    first = page.request.post(api, data={"text": "Whales? See mlp.0/3. " + "long" * 60}).json()
    page.request.post(api, data={"text": "Yes @nobody", "parent_id": first["id"]})
    gone = page.request.post(api, data={"text": "Gone"}).json()
    page.request.delete(f"/api/v1/comments/{gone['id']}")
    expect(page.locator("#talk-unit")).to_contain_text("Withdrawn")
    page.keyboard.press("b")
    expect(page.get_by_role("button", name="Bookmarked")).to_be_visible()
    page.locator(".reply summary").first.click()
    page.get_by_text("Add to a list").click()
    expect(page.locator("#add-to-list form")).to_be_visible()
    assert barriers(page) == []
    assert overflow(page) <= 0
    for path in ("/bookmarks", "/m/synthetic/activity", f"{unit}/comments"):
        page.goto(path)
        assert barriers(page) == [], path
        assert overflow(page) <= 0, path
