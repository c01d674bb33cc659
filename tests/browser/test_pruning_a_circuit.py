"""Fewer units and links of a circuit, and what they are worth."""

import re

from fastapi import FastAPI
from playwright.sync_api import expect

from analysis.protocol.proofs import Estimate
from app.bench.made_circuits import make_circuit
from app.bench.made_proofs import make_proof
from app.store.engine import open_session
from app.store.writing_circuits import keep_circuit, keep_proof
from tests.browser.conftest import OpenPage
from tests.browser.graph import UNIT_MARKS, click, keep_units, marks, opened


def test_keeping_fewer_units_removes_them_and_changes_the_proof(open_page: OpenPage) -> None:
    page = opened(open_page)
    number = page.locator('[data-number="faithfulness"] strong')
    expect(page.locator("[data-proof-note]")).to_have_text("measured of the 40 units drawn")
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
    expect(marks(page)).to_have_count(1)
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
    expect(page.locator(UNIT_MARKS)).not_to_have_count(40)
    page.wait_for_timeout(200)
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


def test_where_the_circuit_leaves_some_of_its_ranking_out_the_curve_is_said_to_be_of_all_of_it(
    open_page: OpenPage, app: FastAPI
) -> None:
    whole = make_circuit(nodes=30, links=20, layers=3, neurons=64, heads=3)
    left_out = {unit for unit, _ in whole.ranking[4:8]}
    nodes = tuple(node for node in whole.graph.nodes if node.unit not in left_out)
    graph = whole.graph.model_copy(update={"nodes": nodes, "links": ()})
    pruned = whole.model_copy(update={"graph": graph})
    proof = make_proof(pruned).model_copy(
        update={"n_kept": 26, "faithfulness": Estimate(value=0.81, low=0.8, high=0.82)}
    )
    with open_session(app.state.engine, commit=True) as session:
        keep_circuit(session, model="synthetic", circuit=pruned, actor="me", slug="pruned")
        keep_proof(session, model="synthetic", slug="pruned", proof=proof)
    page = opened(open_page, "/m/synthetic/circuits/pruned")
    expect(page.locator("[data-proof-note]")).to_have_text("measured of the 26 units drawn")
    expect(page.locator('[data-number="faithfulness"] strong')).to_have_text("0.81")
    keep_units(page, 10)
    expect(page.locator("[data-proof-note]")).to_have_text(
        "measured at 10 units; of the ranking's first 10, of which 6 are drawn"
    )
    keep_units(page, 4)
    expect(page.locator("[data-proof-note]")).to_have_text(re.compile("between .* both$"))
