"""Groups, names and pins in a circuit; its link and its picture."""

import io
import re
import struct
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from fastapi import FastAPI
from playwright.sync_api import expect

from analysis.protocol.circuits import Circuit, Graph, Node
from app.bench.made_circuits import make_circuit
from app.bench.made_proofs import make_proof
from app.store.engine import open_session
from app.store.writing_circuits import keep_circuit, keep_proof
from tests.browser.conftest import OpenPage
from tests.browser.graph import (
    EVIL,
    NAMES,
    UNIT_MARKS,
    click,
    group,
    keep_units,
    marks,
    opened,
    state_of,
)


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
    for part in ("keep=20", "tight=1", "view="):  # the address follows a little later
        expect(page).to_have_url(re.compile(part))
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


def test_a_pinned_node_is_called_as_it_is_whatever_its_id(
    open_page: OpenPage, app: FastAPI
) -> None:
    graph = Graph(
        prompt="a b", tokens=("a", "b"), n_layers=2,
        nodes=tuple(
            Node(id=name, kind="feature", layer=1, position=1, label=f"label of {name}")
            for name in ("constructor", "__proto__", "other")
        ),
    )  # fmt: skip
    circuit = Circuit(graph=graph, pinned=("constructor", "__proto__"))
    with open_session(app.state.engine, commit=True) as session:
        keep_circuit(
            session, model="synthetic", circuit=circuit, actor="me", slug="odd", file="odd.json"
        )
    page = opened(open_page, "/m/synthetic/circuits/odd")
    made = page.locator("[data-made]")
    expect(made).to_contain_text("pinned")
    expect(made).not_to_contain_text("native code")
    expect(made).not_to_contain_text("[object")


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


def test_pins_and_groups_of_an_imported_file_are_there_and_can_be_taken_back(
    open_page: OpenPage,
) -> None:
    page = opened(open_page, "/m/synthetic/circuits/imported")
    expect(marks(page, ".kind-group")).to_have_attribute(
        "aria-label", re.compile("^as in the file, group of 3 nodes")
    )
    expect(marks(page, ".pinned")).to_have_count(1)
    assert state_of(page) == {}
    page.get_by_role("button", name="Ungroup as in the file").click()
    page.get_by_role("button", name=re.compile("^Unpin ")).click()
    assert state_of(page) == {"own": ["1"]}
    again = opened(open_page, "/m/" + page.url.partition("/m/")[2])
    expect(marks(again, ".kind-group")).to_have_count(0)
    expect(marks(again, ".pinned")).to_have_count(0)
    assert state_of(again) == {"own": ["1"]}


def test_another_proof_is_looked_at_in_the_same_state(open_page: OpenPage) -> None:
    page = opened(open_page)
    keep_units(page, 12)
    said = state_of(page)
    page.get_by_role("navigation", name="Proofs").get_by_role("link", name="finding").click()
    page.wait_for_url(re.compile(r"\?proof=\d+#"))
    page.locator("[data-circuit][data-ready]").wait_for()
    expect(page.locator(UNIT_MARKS)).to_have_count(12)
    assert state_of(page) == said
