"""The graph of a circuit in a browser: choosing, pruning, grouping, undoing, sending its link."""

import io
import json
import re
import struct
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from fastapi import FastAPI
from playwright.sync_api import Locator, Page, Route, expect

from app.bench.made_circuits import make_circuit, make_proof
from app.store.engine import open_session
from app.store.writing_circuits import keep_circuit, keep_proof
from tests.browser.conftest import OpenPage
from tests.browser.test_accessibility import LOOKS, barriers, overflow

NAMES = "/m/synthetic/circuits/names"
UNIT_MARKS = "[data-marks] .mark:is(.kind-neuron, .kind-head)"
EVIL = "</script><img src=x onerror=\"document.title='owned'\">"


def marks(page: Page, kind: str = "") -> Locator:
    return page.locator(f"[data-marks] .mark{kind}")


def opened(open_page: OpenPage, path: str = NAMES, **options: object) -> Page:
    page = open_page(path, **options)
    page.locator("[data-circuit][data-ready]").wait_for()
    expect(marks(page).first).to_be_visible()
    return page


def click(page: Page, mark: Locator, **options: object) -> None:
    """In its middle, as a mouse does: others may lie on its bounding box."""
    mark.scroll_into_view_if_needed()
    box = mark.locator("path").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    modifier = options.get("modifier")
    if modifier:
        page.keyboard.down(str(modifier))
    page.mouse.click(x, y)
    if modifier:
        page.keyboard.up(str(modifier))


def name_of(mark: Locator) -> str:
    """As its words begin: `mlp.1/7`."""
    return (mark.get_attribute("aria-label") or "").split(",")[0]


def keep_units(page: Page, n: int) -> None:
    field = page.get_by_role("spinbutton", name="Units kept")
    field.fill(str(n))
    field.press("Tab")


def state_of(page: Page) -> dict[str, list[str]]:
    """What the address says, once it says anything new."""
    page.wait_for_timeout(350)
    return parse_qs(urlsplit(page.url).fragment)


def test_every_node_is_drawn_and_says_in_words_what_it_is(open_page: OpenPage) -> None:
    page = opened(open_page)
    expect(page.locator(UNIT_MARKS)).to_have_count(40)
    labels = [mark.get_attribute("aria-label") or "" for mark in page.locator(UNIT_MARKS).all()]
    told = r"(mlp|attn)\.\d/\d+, layer \d, at \d+ “[^”]*”, effect [+−][\d.e−]+ \((exact|estimate)\)"
    assert all(re.match(told, label) for label in labels)
    assert marks(page, ".kind-embedding").count() == 14
    assert marks(page, ".kind-logit").count() == 2


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


def test_keeping_fewer_units_removes_them_and_changes_the_proof(open_page: OpenPage) -> None:
    page = opened(open_page)
    number = page.locator('[data-number="faithfulness"] strong')
    expect(page.locator("[data-proof-note]")).to_have_text("measured at 40 units")
    whole = float(number.inner_text())
    keep_units(page, 10)
    expect(page.locator(UNIT_MARKS)).to_have_count(10)
    expect(page.locator("[data-proof-note]")).to_have_text("measured at 10 units")
    assert float(number.inner_text()) < whole
    assert "[" in page.locator('[data-number="faithfulness"] .note').inner_text()


def test_between_measured_sizes_the_proof_says_so(open_page: OpenPage) -> None:
    page = opened(open_page)
    keep_units(page, 15)
    expect(page.locator("[data-proof-note]")).to_have_text(
        "between measured sizes 10 and 20; the interval spans both"
    )
    expect(page.locator('[data-number="faithfulness"] strong')).to_have_text(re.compile("≈ 0"))
    here = page.locator("[data-here]").first
    before = here.get_attribute("transform")
    keep_units(page, 20)
    assert here.get_attribute("transform") != before


def test_nothing_left_is_said_and_breaks_nothing(open_page: OpenPage) -> None:
    page = opened(open_page)
    keep_units(page, 0)
    expect(page.locator(UNIT_MARKS)).to_have_count(0)
    page.get_by_label("only pinned").check()
    expect(marks(page)).to_have_count(2)
    keep_units(page, 3)
    page.get_by_label("only pinned").uncheck()
    expect(page.locator(UNIT_MARKS)).to_have_count(3)


def test_dragging_the_slider_prunes_and_is_one_step_to_undo(open_page: OpenPage) -> None:
    page = opened(open_page)
    slider = page.get_by_role("slider", name="units kept")
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 8, y)
    page.mouse.down()
    for step in range(1, 8):
        page.mouse.move(box["x"] + box["width"] * (1 - step / 10), y)
    page.mouse.up()
    assert 5 < page.locator(UNIT_MARKS).count() < 20
    page.keyboard.press("Control+z")
    expect(page.locator(UNIT_MARKS)).to_have_count(40)


def test_light_links_go_when_the_slider_asks_for_heavier_ones(open_page: OpenPage) -> None:
    page = opened(open_page)
    page.get_by_role("slider", name="smallest link").focus()
    said = page.locator("[data-shown]")
    first = said.inner_text()
    page.keyboard.press("Home")
    expect(said).to_contain_text("320 of 320 links")
    page.keyboard.press("End")
    expect(said).to_contain_text("1 of 320 links")
    assert first not in ("", said.inner_text())


def test_a_pinned_node_stays_when_it_is_pruned(open_page: OpenPage) -> None:
    page = opened(open_page)
    last = page.locator("#nodes tbody tr").nth(39).locator("[data-node-link]").inner_text()
    mark = page.locator(f'{UNIT_MARKS}[aria-label^="{last},"]')
    click(page, mark, modifier="Control")
    expect(page.get_by_role("button", name=f"Unpin {last}")).to_be_visible()
    keep_units(page, 5)
    expect(page.locator(UNIT_MARKS)).to_have_count(6)
    page.get_by_role("button", name=f"Unpin {last}").click()
    expect(page.locator(UNIT_MARKS)).to_have_count(5)


def group(page: Page, some: list[Locator]) -> list[str]:
    names = [name_of(mark) for mark in some]
    page.keyboard.down("g")
    for mark in some:
        click(page, mark)
    page.keyboard.up("g")
    return names


def test_nodes_are_grouped_renamed_ungrouped_and_that_is_undone(open_page: OpenPage) -> None:
    page = opened(open_page)
    found = page.locator(UNIT_MARKS)
    names = group(page, [found.nth(1), found.nth(4), found.nth(9)])
    expect(marks(page, ".kind-group")).to_have_count(1)
    expect(found).to_have_count(37)
    field = page.get_by_role("textbox", name="Name of group 1")
    expect(field).to_have_value("group 1")
    field.fill("name movers")
    field.press("Tab")
    expect(marks(page, ".kind-group")).to_have_attribute(
        "aria-label", re.compile("^name movers, group of 3 nodes")
    )
    address = page.get_by_role("link", name="Ablate name movers in the playground").get_attribute(
        "href"
    )
    edits = parse_qs(urlsplit(address or "").query)["edit"]
    assert {edit.split(" ")[0] for edit in edits} == set(names)
    page.get_by_role("button", name="Ungroup name movers").click()
    expect(found).to_have_count(40)
    page.get_by_role("button", name="undo", exact=True).click()
    expect(marks(page, ".kind-group")).to_have_count(1)
    page.get_by_role("button", name="undo", exact=True).click()
    expect(field).to_have_value("group 1")
    page.get_by_role("button", name="undo", exact=True).click()
    expect(found).to_have_count(40)
    page.keyboard.press("Control+Shift+z")
    expect(marks(page, ".kind-group")).to_have_count(1)


def test_a_group_can_be_ablated_in_the_playground(open_page: OpenPage) -> None:
    page = opened(open_page)
    found = page.locator(UNIT_MARKS)
    names = group(page, [found.nth(0), found.nth(1)])
    page.get_by_role("link", name="Ablate group 1 in the playground").click()
    page.wait_for_url("**/playground?**")
    places = [field.input_value() for field in page.locator("input.place").all()]
    assert sorted(places) == sorted(names)


def test_one_node_is_no_group(open_page: OpenPage) -> None:
    page = opened(open_page)
    group(page, [page.locator(UNIT_MARKS).first])
    expect(page.locator(UNIT_MARKS)).to_have_count(40)
    expect(page.get_by_role("button", name="undo", exact=True)).to_be_disabled()


def test_a_node_is_renamed_and_hidden_from_its_card(open_page: OpenPage) -> None:
    page = opened(open_page)
    click(page, page.locator(UNIT_MARKS).first)
    field = page.get_by_role("textbox", name="called")
    field.fill("the mover")
    field.press("Tab")
    expect(marks(page, ".chosen")).to_have_attribute("aria-label", re.compile("^the mover, "))
    page.locator("#card").get_by_role("button", name="hide").click()
    expect(page.locator(UNIT_MARKS)).to_have_count(39)
    expect(page.locator("#card")).to_be_hidden()
    page.get_by_role("button", name="Show 1 hidden nodes again").click()
    expect(page.locator(f'{UNIT_MARKS}[aria-label^="the mover,"]')).to_have_count(1)


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


def test_by_position_a_node_stands_wherever_it_acts(open_page: OpenPage) -> None:
    page = opened(open_page)
    page.get_by_label("by position").check()
    expect(marks(page, ".place").first).to_be_visible()
    assert page.locator(UNIT_MARKS).count() > 40
    page.get_by_label("by position").uncheck()
    expect(page.locator(UNIT_MARKS)).to_have_count(40)


def test_the_link_brings_everything_back(open_page: OpenPage) -> None:
    page = opened(open_page)
    found = page.locator(UNIT_MARKS)
    group(page, [found.nth(1), found.nth(4)])
    page.get_by_role("textbox", name="Name of group 1").fill("a & b = c#d")
    page.keyboard.press("Tab")
    click(page, found.nth(2), modifier="Control")
    pinned = page.locator("[data-marks] .mark.pinned").get_attribute("aria-label")
    page.locator("#nodes [data-node-link]").nth(6).click()
    page.get_by_role("textbox", name="called").fill("mine")
    page.keyboard.press("Tab")
    keep_units(page, 20)
    page.get_by_role("button", name="Nearer").click()
    page.get_by_label("close gaps").check()
    said = state_of(page)
    assert said["keep"] == ["20"]
    assert said["group"] == ["a & b = c#d"]
    assert len(said["in"]) == 2
    before = {mark.get_attribute("aria-label") for mark in marks(page).all()}
    first = marks(page).first.get_attribute("transform")

    again = opened(open_page, "/m/" + page.url.partition("/m/")[2])
    assert {mark.get_attribute("aria-label") for mark in marks(again).all()} == before
    assert marks(again).first.get_attribute("transform") == first
    expect(marks(again, ".pinned")).to_have_attribute("aria-label", pinned or "")
    expect(again.locator("#card h2")).to_have_text(page.locator("#card h2").inner_text())
    expect(again.get_by_role("spinbutton", name="Units kept")).to_have_value("20")
    expect(again.locator("[data-notice]")).to_be_hidden()
    assert state_of(again) == said


@pytest.mark.parametrize(
    "fragment",
    [
        "keep=many&pin=nobody&colour=red", "keep=-1", "keep=1e99&weight=x", "view=1,2",
        "view=NaN,NaN,NaN", "group=empty", "in=mlp.0/1", "path=99&split=maybe",
        "node=nobody&as=x", "__proto__=1&constructor=2", "%E0%A4%A&keep=%", "select=nobody",
    ],
)  # fmt: skip
def test_a_link_that_makes_no_sense_is_said_to_be_so_and_breaks_nothing(
    open_page: OpenPage, fragment: str
) -> None:
    page = opened(open_page, f"{NAMES}#{fragment}")
    expect(page.locator("[data-notice]")).to_contain_text("Part of this link was not understood")
    expect(page.locator(UNIT_MARKS)).to_have_count(40)
    keep_units(page, 4)
    expect(page.locator(UNIT_MARKS)).to_have_count(4)


def test_the_keyboard_walks_from_node_to_node_and_does_all_that_clicks_do(
    open_page: OpenPage,
) -> None:
    page = opened(open_page)
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
    before = marks(page).count()
    marks(page, '[tabindex="0"]').focus()
    page.keyboard.press("h")
    expect(marks(page)).to_have_count(before - 1)


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


def test_the_picture_is_saved_as_svg_and_as_png(open_page: OpenPage) -> None:
    page = opened(open_page)
    with page.expect_download() as saved:
        page.get_by_role("button", name="SVG").click()
    assert saved.value.suggested_filename == "names.svg"
    svg = ElementTree.parse(Path(saved.value.path())).getroot()  # noqa: S314 - our own
    space = "{http://www.w3.org/2000/svg}"
    drawn = len(svg.findall(f".//{space}path"))
    assert drawn > marks(page).count()
    texts = [text.text or "" for text in svg.iter(f"{space}text")]
    assert "·Mary" in texts
    assert "logits" in texts
    with page.expect_download() as saved:
        page.get_by_role("button", name="PNG").click()
    content = Path(saved.value.path()).read_bytes()
    assert content.startswith(b"\x89PNG")
    width, _ = struct.unpack(">II", io.BytesIO(content[16:24]).read())
    box = page.locator("[data-drawing]").bounding_box()
    assert box is not None
    assert width == pytest.approx(2 * box["width"], abs=2)


def test_where_the_server_can_run_a_proof_it_is_asked_for_the_units_shown(
    open_page: OpenPage,
) -> None:
    asked = []

    def answer(route: Route) -> None:
        asked.append(json.loads(route.request.post_data or "")["units"])
        numbers = {"value": 0.731, "low": 0.7, "high": 0.76}
        route.fulfill(json={"faithfulness": numbers, "completeness": numbers, "random": numbers})

    page = opened(open_page)
    page.route("**/prove-now", answer)
    page.locator("[data-circuit]").evaluate("root => { root.dataset.prove = '/prove-now' }")
    keep_units(page, 3)
    expect(page.locator("[data-proof-note]")).to_have_text("run just now with the 3 units shown")
    expect(page.locator('[data-number="faithfulness"] strong')).to_have_text("0.73")
    assert len(asked[-1]) == 3
    page.route("**/prove-now", lambda route: route.fulfill(json={"detail": "Not loaded."}))
    keep_units(page, 2)
    expect(page.locator('[data-number="faithfulness"] strong')).to_have_text("not measured")


def test_an_imported_graph_is_drawn_on_the_same_page(open_page: OpenPage) -> None:
    page = opened(open_page, "/m/synthetic/circuits/imported")
    expect(marks(page, ".kind-feature")).to_have_count(32)
    expect(marks(page, ".kind-error")).to_have_count(8)
    click(page, marks(page, ".kind-feature").first)
    expect(page.locator("#card")).to_contain_text("influence")
    page.get_by_role("spinbutton", name="Nodes kept").fill("7")
    expect(marks(page, ":is(.kind-feature, .kind-error)")).to_have_count(7)


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


def test_scripts_in_labels_tokens_titles_and_names_never_run(
    open_page: OpenPage, app: FastAPI
) -> None:
    circuit = make_circuit(
        nodes=12, links=30, layers=3, neurons=64, heads=3, words=("a", EVIL, "\x00b\u2028", EVIL)
    )
    renamed = {node.id: f"{EVIL}{n}" for n, node in enumerate(circuit.graph.nodes)}
    nodes = tuple(
        node.model_copy(update={"label": EVIL, "id": renamed[node.id], "extra": {EVIL: EVIL}})
        for node in circuit.graph.nodes
    )
    links = tuple(
        link.model_copy(update={"source": renamed[link.source], "target": renamed[link.target]})
        for link in circuit.graph.links
    )
    graph = circuit.graph.model_copy(update={"nodes": nodes, "links": links})
    evil = circuit.model_copy(update={"graph": graph, "warnings": (EVIL,)})
    with open_session(app.state.engine, commit=True) as session:
        keep_circuit(session, model="synthetic", circuit=evil, actor=EVIL, slug="evil", title=EVIL)
        proof = make_proof(circuit).model_copy(update={"remarks": (EVIL,)})
        keep_proof(session, model="synthetic", slug="evil", proof=proof)
    page = opened(open_page, "/m/synthetic/circuits/evil")
    found = page.locator(UNIT_MARKS)
    for number in range(found.count()):
        mark = found.nth(number)
        mark.focus()
        page.keyboard.press("Enter")
    expect(page.locator("#card")).to_contain_text("onerror")
    field = page.get_by_role("textbox", name="called")
    field.fill(EVIL)
    field.press("Tab")
    found.first.focus()
    page.keyboard.press("p")
    group(page, [found.nth(0), found.nth(1)])
    name = page.get_by_role("textbox", name="Name of group 1")
    name.fill(EVIL)
    name.press("Tab")
    page.locator("[data-tokens-axis] [role=button]").nth(1).click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="SVG").click()
    ElementTree.parse(Path(saved.value.path()))  # noqa: S314 - well-formed, whatever it says
    with page.expect_download():
        page.get_by_role("button", name="PNG").click()
    assert EVIL in state_of(page)["group"]
    again = opened(open_page, "/m/" + page.url.partition("/m/")[2])
    expect(again.get_by_role("textbox", name="Name of group 1")).to_have_value(EVIL)
    for one in (page, again):
        assert "owned" not in one.evaluate("document.title.split(' · ').slice(1).join('')")
        assert one.title() != "owned"
        assert one.locator("main img").count() == 0


@pytest.mark.parametrize("look", LOOKS)
def test_the_page_has_no_serious_barrier(open_page: OpenPage, look: str) -> None:
    page = opened(open_page, **LOOKS[look])
    click(page, page.locator(UNIT_MARKS).nth(3))
    expect(page.locator("#card h2")).to_be_visible()
    group(page, [page.locator(UNIT_MARKS).nth(7), page.locator(UNIT_MARKS).nth(12)])
    page.mouse.move(2, 2)
    page.locator(".proof summary").click()
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
