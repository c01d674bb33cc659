"""The keyboard in a circuit; moving and zooming it."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.graph import NAMES, UNIT_MARKS, click, marks, name_of, opened


def test_the_keyboard_walks_from_node_to_node_and_does_all_that_clicks_do(
    open_page: OpenPage,
) -> None:
    page = opened(open_page)
    all_marks = marks(page).count()
    marks(page, '[tabindex="0"]').focus()
    focused = page.locator("[data-marks] .mark:focus")
    seen = [focused.get_attribute("aria-label")]
    for key in ("ArrowUp", "ArrowLeft", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
        seen.append(focused.get_attribute("aria-label"))
    assert len(set(seen)) > 2
    assert page.locator("[data-told]").inner_text() == focused.get_attribute("aria-label")
    page.keyboard.press("p")
    expect(focused).to_have_class(re.compile("pinned"))
    page.keyboard.press("Enter")
    expect(page.locator("#card h2")).to_have_text(name_of(focused))
    page.keyboard.press("Escape")
    page.keyboard.down("g")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.keyboard.up("g")
    expect(marks(page, ".kind-group")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(marks(page)).to_have_count(all_marks)
    marks(page, '[tabindex="0"]').focus()
    page.keyboard.press("h")
    expect(marks(page)).to_have_count(all_marks - 1)


def test_shift_goes_along_the_strongest_link(open_page: OpenPage) -> None:
    page = opened(open_page, f"{NAMES}#weight=0")
    heaviest = page.locator("#links tbody tr").first.locator("a")
    source, target = heaviest.nth(0).inner_text(), heaviest.nth(1).inner_text()
    mark = page.locator(f'[data-marks] .mark[aria-label^="{source},"]').first
    mark.focus()
    page.keyboard.press("Shift+ArrowUp")
    expect(page.locator("[data-marks] .mark:focus")).to_have_attribute(
        "aria-label", re.compile("^" + re.escape(target))
    )


def test_the_page_keeps_to_its_own_keys_and_lets_fields_be_typed_in(open_page: OpenPage) -> None:
    page = opened(open_page)
    click(page, page.locator(UNIT_MARKS).first)
    field = page.get_by_role("textbox", name="called")
    field.press_sequentially("ghp +0-")
    expect(field).to_have_value("ghp +0-")
    field.press("Tab")
    expect(page.locator(UNIT_MARKS)).to_have_count(40)
    expect(marks(page, ".pinned")).to_have_count(0)


def test_the_graph_is_moved_and_zoomed_and_fitted_again(open_page: OpenPage) -> None:
    page = opened(open_page)
    layer = page.locator("[data-marks]")
    mark = marks(page).first
    fitted = layer.get_attribute("transform"), mark.get_attribute("transform")
    box = page.locator("[data-drawing]").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 80, box["y"] + 60, steps=4)
    page.mouse.up()
    expect(layer).to_have_attribute("transform", "translate(80.0 30.0)")
    page.get_by_role("button", name="Nearer").click()
    expect(mark).not_to_have_attribute("transform", fitted[1] or "")
    page.get_by_role("button", name="fit", exact=True).click()
    expect(layer).to_have_attribute("transform", fitted[0] or "")
    expect(mark).to_have_attribute("transform", fitted[1] or "")
    expect(page.locator("#card")).to_be_hidden()
