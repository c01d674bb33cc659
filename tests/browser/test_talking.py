"""Two people look at one neuron, and see what the other does."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage

UNIT = "/m/synthetic/mlp.1/7"
SECOND = 1_000
EVIL = '<img src=x onerror="document.title=1"><script>document.title=1</script>'


def say(page: Page, text: str) -> None:
    page.get_by_label("Comment on this unit").fill(text)
    page.get_by_role("button", name="Comment", exact=True).click()


def test_a_comment_appears_on_the_other_page_within_a_second(open_page: OpenPage) -> None:
    first, second = open_page(UNIT), open_page(UNIT)
    expect(second.locator("#talk-unit")).to_contain_text("Nobody has said anything yet")
    first.get_by_label("Comment on this unit").fill("Whales, see mlp.0/3.")
    with first.expect_response(re.compile("comments")):
        first.get_by_role("button", name="Comment", exact=True).click()
    expect(second.locator("#talk-unit")).to_contain_text("Whales, see mlp.0/3.", timeout=SECOND)
    expect(first.locator("#talk-unit")).to_contain_text("Whales, see mlp.0/3.")
    expect(first.get_by_label("Comment on this unit")).to_have_value("")
    link = second.locator("#talk-unit").get_by_role("link", name="mlp.0/3")
    expect(link).to_have_attribute("href", "/m/synthetic/mlp.0/3")
