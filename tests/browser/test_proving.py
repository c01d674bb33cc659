"""Circuits proved and ablated on their page, with the numbers of a really loaded model."""

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from playwright.sync_api import Page, Request, Route, expect

from analysis.protocol.experiments import TokenText
from analysis.tasks.task import Imported, Pair, Side, Task
from app.bench.made_circuits import make_circuit
from app.bench.made_proofs import make_proof
from app.bench.serving import serving
from app.store.engine import open_session
from app.store.writing_circuits import keep_circuit, keep_proof
from app.store.writing_tasks import keep_task
from tests.browser.conftest import OpenPage
from tests.browser.graph import UNIT_MARKS, click, keep_units, opened
from tests.browser.live import live_app, patiently
from tests.browser.test_accessibility import barriers, overflow
from tests.inference.serving import Running, options_of, served

NAMES = "/m/synthetic/circuits/names"
PROVE = "**/api/v1/models/synthetic/circuits/names/prove"
SCRUB = "**/api/v1/models/synthetic/circuits/names/scrub"


@pytest.fixture(scope="module", autouse=True)
def _patient() -> Iterator[None]:
    with patiently():
        yield


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with served(options_of(tmp_path_factory.mktemp("cache"))) as running:
        yield running


def task() -> Task:
    """Twelve prompts of four letters; the first letter is another in the counterfactual."""
    pairs = []
    for number in range(12):
        first, other, last = 1 + number % 6, 1 + (number + 1) % 6, 7 + number % 3
        pairs.append(
            Pair(
                clean=Side(text=f"{first} {last}", tokens=(0, first, 2, last)),
                counterfactual=Side(text=f"{other} {last}", tokens=(0, other, 2, last)),
                right=(TokenText(id=first, text=f"t{first}"),),
                wrong=(TokenText(id=other, text=f"t{other}"),),
                words=(f"w{first}", f"w{last}"),
            )
        )
    unique = {(pair.clean.tokens, pair.counterfactual.tokens): pair for pair in pairs}
    source = Imported(file="letters.jsonl", sha256="0" * 64)
    return Task(name="letters", source=source, pairs=tuple(unique.values()))


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, service: Running) -> FastAPI:
    app = live_app(tmp_path_factory.mktemp("proving"), service)
    circuit = make_circuit(nodes=20, links=60, layers=3, neurons=24, heads=3)
    with open_session(app.state.engine, commit=True) as session:
        kept = keep_task(session, model="synthetic", task=task(), actor="me").slug
        keep_circuit(
            session, model="synthetic", circuit=circuit, actor="me", slug="names", task=kept
        )
        keep_proof(session, model="synthetic", slug="names", proof=make_proof(circuit))
    return app


@pytest.fixture(scope="module")
def address(app: FastAPI) -> Iterator[str]:
    with serving(app) as url:
        yield url


def told(page: Page, name: str) -> str:
    return page.locator(f'[data-number="{name}"] strong').inner_text()


def note(page: Page) -> str:
    return page.locator("[data-proof-note]").inner_text()


def test_pruning_is_proved_by_the_model_and_what_is_kept_is_a_proof(open_page: OpenPage) -> None:
    page = opened(open_page, NAMES)
    expect(page.locator("[data-proof-note]")).not_to_contain_text("Run just now")
    with page.expect_response(PROVE) as first:
        keep_units(page, 7)
    expect(page.locator("[data-proof-note]")).to_have_text(
        re.compile(r"^Run just now: the 7 units shown, resample ablation, \d held-out prompts\.$")
    )
    asked = first.value.request.post_data_json
    assert (len(asked["units"]), asked["parts"]) == (7, ["faithfulness"])
    shown = first.value.json()["faithfulness"]["value"]
    assert told(page, "faithfulness").replace("−", "-") == f"{shown:.2f}"
    assert "≈" not in told(page, "completeness") + told(page, "random")
    page.get_by_role("button", name="keep this proof").click()
    expect(page.get_by_role("link", name="see it among the proofs")).to_be_visible()
    expect(page.locator("[data-keep-proof]")).to_be_hidden()
    page.get_by_role("link", name="see it among the proofs").click()
    expect(page.get_by_role("navigation", name="Proofs").get_by_role("link")).to_have_count(2)
    expect(page.locator(".proof-of")).to_contain_text("Of 7 units that somebody chose")
    expect(page.locator(".proof-of .badge")).to_have_text("chosen by hand")
    expect(page.locator("#proof .tiles strong").first).to_contain_text(told_text(shown))


@pytest.mark.parametrize("width", [360, 380, 768, 1024])
def test_a_proved_circuit_never_scrolls_sideways(open_page: OpenPage, width: int) -> None:
    page = opened(open_page, NAMES, width=width, height=800)
    assert overflow(page) <= 0
    with page.expect_response(PROVE):
        keep_units(page, 5)
    expect(page.get_by_role("button", name="keep this proof")).to_be_visible()
    page.locator("#proof details").evaluate_all("all => all.forEach(one => { one.open = true })")
    assert overflow(page) <= 0
    wide = page.locator("#nodes .scroller")
    if width < 400:
        assert wide.evaluate("box => box.scrollWidth > box.clientWidth"), "it scrolls in itself"
        expect(page.get_by_text("scroll the table sideways").first).to_be_visible()
    assert barriers(page) == []


@pytest.mark.parametrize("width", [1280, 1400, 1700])
def test_the_numbers_and_buttons_of_what_was_run_stay_in_the_column_of_the_graph(
    open_page: OpenPage, width: int
) -> None:
    page = opened(open_page, NAMES, width=width, height=900)
    keep_units(page, 9)
    button = page.get_by_role("button", name="keep this proof")
    expect(button).to_be_visible()
    column = page.locator(".circuit-graph").bounding_box()
    assert column is not None
    for part in (button, page.locator("[data-proof-note]"), page.locator(".proof-now table")):
        box = part.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= column["x"] + column["width"] + 0.5


def told_text(value: float) -> str:
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")


def units_asked(request: Request) -> list[object]:
    """What a request asks to prove; nothing of any other request."""
    return request.post_data_json["units"] if request.url.endswith("/prove") else []


def test_while_a_slider_moves_only_the_last_choice_is_proved(open_page: OpenPage) -> None:
    page = opened(open_page, NAMES)
    asked: list[int] = []
    page.on(
        "request",
        lambda request: (units := units_asked(request)) and asked.append(len(units)),
    )
    let_pass = False
    held: list[Route] = []
    page.route(PROVE, lambda route: route.continue_() if let_pass else held.append(route))
    slider = page.get_by_role("slider", name="units kept")
    slider.focus()
    with page.expect_request(lambda request: len(units_asked(request)) == 14):
        for _ in range(6):
            slider.press("ArrowLeft")
    expect(page.locator("[data-proof-note]")).to_have_text(
        "From the curve; the 14 units shown are being run."
    )
    let_pass = True
    held[-1].continue_()
    expect(page.locator("[data-proof-note]")).to_contain_text("Run just now: the 14 units")
    expect(page.get_by_role("button", name="keep this proof")).to_be_visible()
    assert set(asked[-2:]) == {14}
    assert len(asked) < 6


def test_a_group_is_ablated_here_and_its_tokens_stand_beside(open_page: OpenPage) -> None:
    page = opened(open_page, NAMES)
    for at in (2, 9):
        click(page, page.locator(UNIT_MARKS).nth(at), modifier="Control")
    page.get_by_role("button", name="Ablate all pinned nodes here").click()
    result = page.locator(".made .ablated table")
    expect(result.locator("thead th")).to_have_text(["token", "before", "after", "random units"])
    assert result.locator("tbody tr").count() >= 8
    expect(page.locator(".made .ablated .note")).to_contain_text("2 units ablated (resample)")
    expect(page.locator(".made .ablated .note")).to_contain_text("The metric goes from")


def away(route: Route) -> None:
    problem = '{"detail": "The inference service is not running.", "hint": "Start it."}'
    route.fulfill(status=503, body=problem, content_type="application/problem+json")


def test_it_is_said_when_the_model_cannot_be_asked(open_page: OpenPage) -> None:
    page = opened(open_page, NAMES, refused=503)
    page.route(PROVE, away)
    keep_units(page, 5)
    expect(page.locator("[data-proof-note]")).to_have_text(
        "From the curve. These units could not be run: The inference service is not running. "
        "Start it."
    )
    assert told(page, "faithfulness") not in ("", "not measured")


def test_what_pinned_units_carry_is_claimed_and_tested_here(open_page: OpenPage) -> None:
    page = opened(open_page, NAMES)
    for at in (2, 9):
        click(page, page.locator(UNIT_MARKS).nth(at), modifier="Control")
    opener = page.get_by_role("button", name="what do they carry? Of all pinned nodes")
    expect(opener).to_have_attribute("aria-expanded", "false")
    opener.press("Enter")
    expect(opener).to_have_attribute("aria-expanded", "true")
    choice = page.get_by_label("they carry, of all pinned nodes")
    expect(choice.locator("option[value=side]")).to_have_text(
        "whether the prompt is clean or counterfactual"
    )
    expect(choice.locator("option[value=template]")).to_be_disabled()
    choice.select_option("side")
    with page.expect_response(SCRUB) as answered:
        page.get_by_role("button", name="test it here").press("Enter")
    asked = answered.value.request.post_data_json
    assert [len(claim["units"]) for claim in asked["claims"]] == [2]
    assert (asked["claims"][0]["feature"], asked["prompts"]) == ("side", "held_out")
    told = answered.value.json()
    result = page.locator(".made .carrying [role=status]")
    expect(result.locator(".verdict")).to_have_text(told["verdict"])
    rows = result.locator("tbody tr")
    expect(rows).to_have_count(4)
    for row, name in enumerate(("recovered", "everything", "nothing", "random")):
        expect(rows.nth(row).locator("td").first).to_have_text(told_text(told[name]["value"]))
    expect(result.locator(".note")).to_contain_text(f"{told['n_prompts']} held-out prompt")


def test_a_claim_and_its_answer_stay_when_the_list_is_drawn_anew(open_page: OpenPage) -> None:
    page = opened(open_page, NAMES)
    click(page, page.locator(UNIT_MARKS).nth(2), modifier="Control")
    page.get_by_role("button", name="what does it carry?").click()
    page.get_by_role("button", name="test it here").click()
    expect(page.locator(".made .carrying .verdict")).to_be_visible()
    click(page, page.locator(UNIT_MARKS).nth(9), modifier="Control")
    expect(page.locator(".made > li")).to_have_count(3)
    expect(page.locator(".made .carrying .verdict")).to_be_visible()
    assert barriers(page) == []
    page.emulate_media(color_scheme="dark")
    assert barriers(page, ("color-contrast",)) == []


def test_a_claim_that_cannot_be_tested_says_why(open_page: OpenPage) -> None:
    page = opened(open_page, NAMES, refused=503)
    click(page, page.locator(UNIT_MARKS).nth(2), modifier="Control")
    page.route(SCRUB, away)
    page.get_by_role("button", name="what does it carry?").click()
    page.get_by_role("button", name="test it here").click()
    expect(page.locator(".made .carrying [role=status]")).to_have_text(
        "It could not be run: The inference service is not running. Start it."
    )
