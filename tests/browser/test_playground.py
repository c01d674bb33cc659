"""The playground in a browser, on a small model that a real inference service has loaded."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from app.bench.serving import serving
from tests.browser.conftest import OpenPage
from tests.browser.live import MARKUP, live_app, patiently
from tests.browser.test_accessibility import LOOKS, barriers, overflow
from tests.inference.serving import Running, options_of, served

HERE = "/m/synthetic/playground"
PROMPT = "a b c d e f"
START = f"{HERE}?text=a+b+c+d+e+f"


@pytest.fixture(scope="module", autouse=True)
def _patient() -> Iterator[None]:
    with patiently():
        yield


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with served(options_of(tmp_path_factory.mktemp("cache"))) as running:
        yield running


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, service: Running) -> Iterator[str]:
    """The base URL of a web side whose model is really loaded."""
    with serving(live_app(tmp_path_factory.mktemp("playing"), service)) as url:
        yield url


def add(page: Page, line: str) -> None:
    page.get_by_label("Add an edit, as a line").fill(line)
    page.get_by_role("button", name="Add", exact=True).click()


def result(page: Page) -> str:
    """The mean KL that is shown."""
    return page.locator(".headline strong data").first.get_attribute("value") or ""


def test_a_line_is_typed_and_its_effect_is_drawn_beside_a_control(open_page: OpenPage) -> None:
    page = open_page(START)
    expect(page.locator("[data-token]")).to_have_count(7)
    add(page, "mlp.1/5 = 30")
    expect(page.locator(".heat [data-position]")).to_have_count(7)
    expect(page.locator(".pairs-table tbody tr")).not_to_have_count(0)
    expect(page.locator(".spread circle")).to_have_count(1)
    expect(page.locator(".control-names")).to_contain_text(re.compile(r"mlp\.1/\d+"))
    expect(page).to_have_url(re.compile(r"playground\?experiment="))
    expect(page.get_by_label("Add an edit, as a line")).to_have_value("")
    expect(page.get_by_label("Edit 1: unit")).to_have_value("mlp.1/5")


@pytest.mark.parametrize("width", [1400, 400])
def test_numbers_of_what_moved_stand_under_their_heads(open_page: OpenPage, width: int) -> None:
    page = open_page(START, width=width)
    add(page, "mlp.0/5 = 30")
    table = page.locator(".moved-units").first
    expect(table).to_be_visible()
    ends = [
        [cell.bounding_box() for cell in table.locator(row).all()]
        for row in ("thead th", "tbody tr:first-child > *")
    ]
    assert len(ends[0]) == 5
    assert [box["x"] for box in ends[0]] == [box["x"] for box in ends[1]]


def test_on_a_telephone_all_numbers_of_a_token_are_in_sight(open_page: OpenPage) -> None:
    page = open_page(START, width=400)
    add(page, "mlp.1/5 = 30")
    table = page.locator(".pairs-table")
    expect(table).to_be_visible()
    around = page.locator(".at-position .scroller").first
    assert around.evaluate("box => box.scrollWidth <= box.clientWidth")
    control = table.locator("tbody tr").first.locator("td").last.bounding_box()
    assert control["x"] + control["width"] <= 400


def test_strips_of_a_text_stand_under_each_other(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic/text?text=a+b+c")
    strips = page.locator(".fired-units .strip").all()
    assert len(strips) > 5
    for place in range(3):
        assert len({strip.locator("i").nth(place).bounding_box()["x"] for strip in strips}) == 1


def test_releasing_a_slider_runs_again_in_place(open_page: OpenPage) -> None:
    page = open_page(START)
    add(page, "mlp.1/5 = 0.1")
    expect(page.locator(".headline")).to_be_visible()
    before, address = result(page), page.url
    slider = page.locator("[data-slider]")
    expect(slider).to_be_visible()
    slider.focus()
    page.keyboard.press("End")
    expect(page).not_to_have_url(address)
    expect(page.locator(".headline")).to_be_visible()
    assert result(page) != before
    assert page.get_by_label("Edit 1: value", exact=True).input_value() != "0.1"


def test_tokens_choose_where_the_selected_edit_acts(open_page: OpenPage) -> None:
    page = open_page(START)
    add(page, "mlp.1/5 = 30")
    expect(page.locator(".headline")).to_be_visible()
    where = page.get_by_label("Edit 1: positions")
    page.locator('[data-token="2"]').click()
    page.locator('[data-token="4"]').click(modifiers=["Shift"])
    expect(where).to_have_value("2-4")
    expect(page.locator('.heat [data-position="1"]')).to_have_attribute(
        "title", re.compile("KL 0 nats")
    )
    page.locator('[data-token="2"]').focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(where).to_have_value("2, 4")
    expect(page.locator('[data-token="3"]')).to_have_attribute("aria-pressed", "false")


def test_a_position_is_chosen_by_mouse_and_by_keyboard(open_page: OpenPage) -> None:
    page = open_page(START)
    add(page, "mlp.1/5 = 30")
    page.locator('.heat [data-position="3"]').click()
    expect(page.locator("#at-title")).to_contain_text("position 3 of 7")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#at-title")).to_contain_text("position 4 of 7")


def test_contradictory_edits_are_refused_and_nothing_is_lost(open_page: OpenPage) -> None:
    page = open_page(START, refused=422)
    add(page, "mlp.1/5 = 30")
    expect(page.locator(".headline")).to_be_visible()
    add(page, "mlp.1/5 = 0")
    expect(page.get_by_role("alert")).to_contain_text("mlp.1/5 has two edits at position 0")
    expect(page.locator("#add-edit")).to_have_value("mlp.1/5 = 0")
    expect(page.locator("[data-edit-row]")).to_have_count(1)
    expect(page.locator("#prompt-text")).to_have_value(PROMPT)
    add(page, "mlp.1/6 = 0")
    expect(page.locator(".headline")).to_be_visible()
    expect(page.locator("[data-edit-row]")).to_have_count(2)


def test_continuations_come_side_by_side_and_are_kept(open_page: OpenPage) -> None:
    page = open_page(START)
    add(page, "resid.0 += 8 * mlp.0/3")
    page.locator(".continue [name=n_tokens]").fill("6")
    page.get_by_label("the control, too").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".streams h4")).to_have_text(["before", "after", "control"])
    expect(page.locator(".streams .note").first).to_contain_text("cut at the length")
    page.get_by_role("link", name=re.compile("^[\\w-]{12}$")).click()
    expect(page.locator(".streams .stream")).to_have_count(3)


def test_a_sweep_shows_its_drawing_and_its_units_go_to_the_edits(open_page: OpenPage) -> None:
    page = open_page(START)
    page.locator("select[name=site]").select_option("mlp.2")
    page.get_by_role("button", name="Sweep").click()
    expect(page.locator(".sweep-scatter")).to_be_visible()
    expect(page.locator("#swept tbody tr")).to_have_count(24)
    page.get_by_role("link", name="add to edits").first.click()
    expect(page.locator("[data-edit-row]")).to_have_count(1)
    expect(page.locator(".headline")).to_be_visible()
    expect(page.locator(".sweep-scatter")).to_be_visible()


def test_a_whole_model_is_swept_and_the_best_of_every_site_are_run(open_page: OpenPage) -> None:
    page = open_page(START)
    page.locator("select[name=site]").select_option("all")
    page.get_by_role("button", name="Sweep").click()
    expect(page.locator(".sweep-scatter")).to_be_visible()
    for site in ("mlp.0", "mlp.2", "attn.1"):
        expect(page.locator("#swept")).to_contain_text(f"{site}/")


def test_a_neuron_is_ablated_with_one_click_and_an_exemplar_is_sent(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic/mlp.1/5")
    page.get_by_role("link", name="Ablate", exact=True).click()
    expect(page.locator(".headline")).to_be_visible()
    expect(page.get_by_label("Edit 1: unit")).to_have_value("mlp.1/5")
    page.go_back()
    page.locator(".context summary").first.click()
    page.get_by_role("link", name="open in playground").first.click()
    expect(page.locator(".headline")).to_be_visible()


def test_any_text_is_tried_on_a_neuron(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic/mlp.1/5")
    page.get_by_text("Try any text").click()
    page.get_by_label("Any text").fill("a b c")
    page.get_by_role("button", name="Try this text").click()
    expect(page.locator("#live")).to_contain_text("Peak")
    expect(page.locator("#live .strip i")).to_have_count(4)


def test_a_permalink_is_run_again_forked_named_and_deleted(open_page: OpenPage) -> None:
    page = open_page(START)
    add(page, "attn.1/2 *= 0")
    page.locator(".kept-as a").click()
    page.get_by_role("button", name="Run again").click()
    expect(page.locator("#again")).to_contain_text("the same, to the last bit")
    page.locator("[name=name]").fill("No head")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_contain_text("No head")
    page.get_by_role("link", name="Fork in the playground").click()
    expect(page.get_by_label("Edit 1: unit")).to_have_value("attn.1/2")
    page.go_back()
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete this experiment").click()
    expect(page).to_have_url(re.compile("/experiments$"))


def test_markup_in_a_prompt_is_shown_and_never_run(open_page: OpenPage) -> None:
    page = open_page(HERE)
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    page.locator("#prompt-text").fill(MARKUP)
    add(page, "mlp.1/5 = 30")
    expect(page.locator(".headline")).to_be_visible()
    page.locator(".kept-as a").click()
    expect(page.locator(".prompt-text")).to_have_text(MARKUP)
    assert page.locator("main script, main img").count() == 0
    assert page.title() != "owned"


@pytest.mark.parametrize("look", LOOKS)
def test_playground_and_permalink_have_no_serious_barrier(open_page: OpenPage, look: str) -> None:
    page = open_page(START, **LOOKS[look])
    assert barriers(page) == []
    add(page, "mlp.1/5 = 30")
    expect(page.locator(".headline")).to_be_visible()
    assert barriers(page) == []
    assert overflow(page) <= 0
    page.locator(".kept-as a").click()
    page.get_by_text("what each layer would say").click()
    assert barriers(page) == []
    assert overflow(page) <= 0
    page.goto("/m/synthetic/experiments")
    assert barriers(page) == []


def test_what_takes_long_says_so_and_can_be_stopped(open_page: OpenPage) -> None:
    page = open_page(START)
    add(page, "mlp.1/5 = 30")
    expect(page.locator(".headline")).to_be_visible()
    before = result(page)
    page.route("**/playground", lambda _: None)  # never answered
    page.get_by_label("Edit 1: value", exact=True).fill("20")
    page.get_by_role("button", name="Run", exact=True).last.click()
    expect(page.locator("[data-working]")).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("[data-working]")).to_be_hidden()
    assert result(page) == before
    expect(page.get_by_label("Edit 1: value", exact=True)).to_have_value("20")
