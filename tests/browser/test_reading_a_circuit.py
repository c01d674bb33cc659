"""The graph of a circuit: what it shows, its cards, what stands in for it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.graph import NAMES, UNIT_MARKS, click, group, marks, name_of, opened
from tests.browser.test_accessibility import LOOKS, barriers, overflow


def test_every_node_is_drawn_and_says_in_words_what_it_is(open_page: OpenPage) -> None:
    page = opened(open_page)
    expect(page.locator(UNIT_MARKS)).to_have_count(40)
    labels = [mark.get_attribute("aria-label") or "" for mark in page.locator(UNIT_MARKS).all()]
    told = r"(mlp|attn)\.\d/\d+, layer \d, at \d+ “[^”]*”, effect [+−][\d.e−]+ \((exact|estimate)\)"
    assert all(re.match(told, label) for label in labels)
    assert marks(page, ".kind-embedding").count() == 1
    expect(marks(page, ".kind-logit")).to_have_attribute(
        "aria-label", "output: Mary, not John, at 13 “·to”"
    )


def test_pointing_at_a_node_tells_it_and_shows_its_links(open_page: OpenPage) -> None:
    page = opened(open_page)
    mark = page.locator(UNIT_MARKS).nth(5)
    name = name_of(mark)
    box = mark.locator("path").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("[data-readout-line]")).to_contain_text(name)
    expect(page.locator(".focusing")).to_have_count(1)
    expect(mark).to_have_class(re.compile(r"\bnear\b"))
    page.mouse.move(5, 5)
    expect(page.locator(".focusing")).to_have_count(0)


def test_a_click_brings_the_card_of_the_node_and_escape_closes_it(open_page: OpenPage) -> None:
    page = opened(open_page)
    mark = page.locator(UNIT_MARKS).first
    name = name_of(mark)
    click(page, mark)
    card = page.locator("#card")
    expect(card.get_by_role("heading", level=2)).to_have_text(name)
    expect(mark).to_have_attribute("aria-pressed", "true")
    expect(card.get_by_role("link", name="ablate")).to_have_attribute(
        "href", re.compile(r"/m/synthetic/playground\?text=.*&edit=")
    )
    expect(card.locator(".exemplar").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(mark).to_have_attribute("aria-pressed", "false")


def test_the_last_of_many_quick_clicks_decides_which_card_is_shown(open_page: OpenPage) -> None:
    page = opened(open_page)
    some = page.locator(UNIT_MARKS)
    for number in range(6):
        click(page, some.nth(number))
    expect(page.locator("#card h2")).to_have_text(name_of(some.nth(5)))
    page.wait_for_timeout(500)
    expect(page.locator("#card h2")).to_have_text(name_of(some.nth(5)))


def test_a_link_in_the_card_goes_on_to_the_other_node(open_page: OpenPage) -> None:
    page = opened(open_page)
    click(page, page.locator(UNIT_MARKS).first)
    link = page.locator("#card [data-node-link]").first
    name = link.inner_text()
    link.click()
    expect(page.locator("#card h2")).to_have_text(name)
    assert page.url.split("#")[0].endswith(NAMES)


def test_a_row_of_the_table_chooses_the_node_in_the_graph(open_page: OpenPage) -> None:
    page = opened(open_page)
    link = page.locator("#nodes [data-node-link]").nth(3)
    name = link.inner_text()
    link.click()
    expect(page.locator("#card h2")).to_have_text(name)
    expect(marks(page, ".chosen")).to_have_attribute("aria-label", re.compile(f"^{name},"))


def test_a_token_lights_its_ways_to_the_output(open_page: OpenPage) -> None:
    page = opened(open_page)
    page.get_by_role("slider", name="smallest link").focus()
    page.keyboard.press("Home")
    token = page.get_by_role("button", name=re.compile(r"^Ways from token 1 “·Mary”"))
    token.click()
    expect(token).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-readout-line]")).to_have_text(
        re.compile(r"^Ways from token 1 “·Mary” to the output: \d+ links between \d+ nodes\.$")
    )
    page.mouse.move(5, 5)
    lit = marks(page, ".near")
    expect(lit.first).to_be_attached()
    assert 2 < lit.count() < marks(page).count()
    assert marks(page, ".near.kind-logit").count() > 0
    token.click()
    expect(page.locator(".focusing")).to_have_count(0)


@pytest.mark.parametrize("width", [380, 1440])
def test_the_name_of_the_output_stands_whole_within_the_drawing(
    open_page: OpenPage, width: int
) -> None:
    page = opened(open_page, width=width)
    name = marks(page, ".kind-logit").locator("text")
    expect(name).to_have_text("Mary, not John")
    box, stage = name.bounding_box(), page.locator(".stage").bounding_box()
    assert box is not None
    assert stage is not None
    assert stage["x"] <= box["x"]
    assert stage["y"] <= box["y"]
    assert box["x"] + box["width"] <= stage["x"] + stage["width"]


def test_on_a_phone_a_node_takes_one_line_of_the_table(open_page: OpenPage) -> None:
    page = opened(open_page, width=380)
    heights = page.locator("#nodes tbody tr").evaluate_all("all => all.map(r => r.offsetHeight)")
    assert max(heights) < 40


def test_by_position_a_node_stands_wherever_it_acts(open_page: OpenPage) -> None:
    page = opened(open_page)
    said = page.locator("[data-shown]")
    expect(said).to_have_text(re.compile(r"^40 nodes and \d+ of 320 links are drawn\.$"))
    page.get_by_label("by position").check()
    expect(marks(page, ".place").first).to_be_visible()
    expect(said).to_have_text(re.compile(r"^40 nodes and \d+ ways of their links are drawn\.$"))
    assert page.locator(UNIT_MARKS).count() > 40
    page.get_by_label("by position").uncheck()
    expect(page.locator(UNIT_MARKS)).to_have_count(40)


def test_by_position_links_begin_where_their_node_acts(open_page: OpenPage) -> None:
    page = opened(open_page)
    page.get_by_label("by position").check()
    places = marks(page, ".place")
    expect(places.first).to_be_visible()
    linked = 0
    for at in range(min(8, places.count())):
        places.nth(at).hover(force=True)
        expect(marks(page, ".near").first).to_be_visible()
        linked += marks(page, ".near").count() > 1
    assert linked > 0
    expect(page.locator("#links thead")).to_contain_text("mostly, on the drawn prompt")
    expect(page.locator("#links tbody td:last-child").first).to_contain_text("→")


def test_an_imported_graph_is_drawn_on_the_same_page(open_page: OpenPage) -> None:
    page = opened(open_page, "/m/synthetic/circuits/imported")
    expect(marks(page, ".kind-feature")).to_have_count(29)
    expect(marks(page, ".kind-error")).to_have_count(8)
    click(page, marks(page, ".kind-feature").first)
    expect(page.locator("#card")).to_contain_text("influence")
    before = marks(page).count()
    page.get_by_role("spinbutton", name="Nodes kept").fill("7")
    page.keyboard.press("Tab")
    expect(marks(page)).not_to_have_count(before)
    assert marks(page).count() <= before - 25


def test_without_its_data_the_page_says_what_is_wrong_and_keeps_its_table(
    open_page: OpenPage,
) -> None:
    page = open_page("/glossary", refused=503)
    page.route("**/circuits/names/graph", lambda route: route.fulfill(status=503, body="{}"))
    page.goto(NAMES)
    expect(page.locator("[data-loading]")).to_contain_text(
        "The graph could not be drawn: the server answered 503."
    )
    expect(page.locator("#nodes tbody tr").first).to_be_visible()


@pytest.mark.parametrize("look", LOOKS)
def test_the_page_has_no_serious_barrier(open_page: OpenPage, look: str) -> None:
    page = opened(open_page, **LOOKS[look])
    click(page, page.locator(UNIT_MARKS).nth(3))
    expect(page.locator("#card h2")).to_be_visible()
    group(page, [page.locator(UNIT_MARKS).nth(7), page.locator(UNIT_MARKS).nth(12)])
    page.mouse.move(2, 2)
    for fold in page.locator(".proof summary").all():
        fold.click()
    page.wait_for_timeout(300)
    assert barriers(page) == []
    assert overflow(page) <= 0
    for path in ("/m/synthetic/circuits", f"{NAMES}/compare?with=names-again"):
        page.goto(path)
        assert barriers(page) == [], path
        assert overflow(page) <= 0, path


def test_without_scripts_a_row_of_the_table_brings_the_card(open_page: OpenPage) -> None:
    page = open_page(NAMES, java_script_enabled=False)
    expect(page.locator("[data-loading]")).to_be_visible()
    expect(page.locator(".stage")).to_be_hidden()
    link = page.locator("#nodes [data-node-link]").first
    name = link.inner_text()
    link.click()
    expect(page.locator("#card h2")).to_have_text(name)
