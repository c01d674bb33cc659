"""Somebody judges in a campaign by keyboard, and loses nothing that they wrote."""

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from app.bench.serving import serving
from app.main import create_app
from app.settings import Settings
from app.store.campaigning import Plan, add_guidelines, create_campaign
from app.store.choice import Choice
from app.store.engine import open_session
from app.store.tables import AssignmentTable, CampaignItemTable, JudgementTable
from tests.browser.conftest import OpenPage
from tests.browser.test_accessibility import barriers, overflow
from tests.browser.test_signing_in import PASSWORD, close_the_doors
from tests.kept import synthetic_store

HERE = "/m/synthetic/campaigns/c"
EVIL = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
EVIL_LINK = "[a](javascript:document.title='taken') ![b](x)"


@pytest.fixture
def app(tmp_path) -> FastAPI:
    synthetic_store(
        tmp_path, layers=1, neurons=8, heads=2, windows=24, window_length=16, exemplars_per_kind=2
    )
    app = create_app(Settings(data=tmp_path, log_level="error"))
    with open_session(app.state.engine, commit=True) as session:
        plan = Plan(title="C", slug="c", choice=Choice(n=6), guidelines=f"*First* {EVIL}")
        create_campaign(session, model="synthetic", plan=plan, actor="rita")
    return app


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    with serving(app) as url:
        yield url


def begin(page: Page) -> None:
    page.goto(f"{HERE}/judge")
    ready(page)
    page.keyboard.press("Enter")
    expect(question(page)).to_be_visible()
    ready(page)


def ready(page: Page) -> None:
    """Its script listens to keys."""
    expect(page.locator("[data-judging][data-ready]")).to_be_visible()


def question(page: Page):
    return page.get_by_role("group", name="Does it say what the neuron does?").or_(
        page.get_by_role("group", name="Does it say what the head does?")
    )


def verdicts(app: FastAPI) -> list[str]:
    with open_session(app.state.engine) as session:
        return list(session.scalars(select(JudgementTable.verdict).order_by(JudgementTable.id)))


def by_me(page: Page, n: int) -> None:
    expect(page.locator(".campaign-progress")).to_contain_text(f"{n} judged by you")


def kept(page: Page) -> None:
    """On the server too."""
    expect(page.locator("[data-judge-kept]")).to_have_text("draft kept")


def test_a_judgement_takes_two_keystrokes(open_page: OpenPage, app: FastAPI) -> None:
    page = open_page("/")
    begin(page)
    for n, key in enumerate("1234u", start=1):
        page.keyboard.press(key)
        page.keyboard.press("Enter")
        by_me(page, n)
    assert verdicts(app) == ["accept", "edit", "reject", "unsure", "unsure"]
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("There is nothing left for you here")).to_be_visible()


def test_the_time_in_sight_is_kept_with_the_answer(open_page: OpenPage, app: FastAPI) -> None:
    page = open_page("/")
    begin(page)
    page.wait_for_timeout(400)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    by_me(page, 1)
    with open_session(app.state.engine) as session:
        seconds = session.scalars(
            select(AssignmentTable.seconds).where(AssignmentTable.state == "judged")
        ).one()
    assert 0.4 <= seconds < 60


def test_arrows_step_through_the_windows_and_keys_open_what_they_name(open_page: OpenPage) -> None:
    page = open_page("/")
    begin(page)
    strips = page.locator(".windows-of [data-strip]")
    page.keyboard.press("ArrowDown")
    expect(strips.nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(strips.nth(1)).to_be_focused()
    expect(page.locator("[data-readout]")).to_contain_text("position")
    page.keyboard.press("ArrowUp")
    expect(strips.nth(0)).to_be_focused()
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keys")
    expect(help_).to_contain_text("skip, with a reason")
    page.keyboard.press("Escape")
    expect(help_).to_be_hidden()
    page.keyboard.press("t")
    expect(page.get_by_label("Any text")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator("textarea[name=note]")).to_be_focused()
    page.keyboard.type("1 and s are letters here")
    page.keyboard.press("Escape")
    expect(page.locator("textarea[name=note]")).to_have_value("1 and s are letters here")
    expect(page.locator("input[name=verdict]:checked")).to_have_count(0)
    page.keyboard.press("m")
    expect(page.get_by_label("It has several meanings")).to_be_checked()


def test_a_scale_is_answered_by_numbers_where_it_has_the_focus(open_page: OpenPage) -> None:
    page = open_page("/")
    begin(page)
    page.locator("input[name=specificity]").first.focus()
    page.keyboard.press("5")
    expect(page.locator("input[name=specificity][value='5']")).to_be_checked()
    expect(page.locator("input[name=verdict]:checked")).to_have_count(0)


def test_an_item_is_skipped_with_a_reason_by_keyboard(open_page: OpenPage, app: FastAPI) -> None:
    page = open_page("/")
    begin(page)
    page.keyboard.press("s")
    page.keyboard.type("Not my language")
    page.keyboard.press("Enter")
    expect(page.locator(".campaign-progress")).to_contain_text("1 skipped")
    with open_session(app.state.engine) as session:
        reasons = set(session.scalars(select(AssignmentTable.reason)))
    assert "Not my language" in reasons


def test_a_draft_survives_loading_the_page_again(open_page: OpenPage) -> None:
    page = open_page("/")
    begin(page)
    page.keyboard.press("3")
    page.keyboard.press("n")
    page.keyboard.type("Fires on commas")
    page.reload()
    expect(page.locator("textarea[name=note]")).to_have_value("Fires on commas")
    expect(page.locator("input[value=reject]")).to_be_checked()


def test_a_draft_is_there_on_another_device(open_page: OpenPage) -> None:
    page = open_page("/")
    begin(page)
    page.keyboard.press("3")
    page.keyboard.press("n")
    page.keyboard.type("Fires on commas")
    kept(page)
    other = open_page(f"{HERE}/judge")
    expect(other.locator("textarea[name=note]")).to_have_value("Fires on commas")
    expect(other.locator("input[value=reject]")).to_be_checked()


def test_an_answer_without_a_connection_is_kept_and_sent_when_it_is_back(
    open_page: OpenPage, app: FastAPI
) -> None:
    page = open_page("/", disconnects=True)
    begin(page)
    page.context.set_offline(True)
    page.keyboard.press("n")
    page.keyboard.type("Written in a tunnel")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Not connected.")).to_be_visible()
    expect(page.locator("textarea[name=note]")).to_have_value("Written in a tunnel")
    assert verdicts(app) == []
    page.context.set_offline(False)
    by_me(page, 1)
    expect(page.get_by_text("Not connected.")).to_be_hidden()
    expect(page.locator("textarea[name=note]")).to_have_value("")
    assert verdicts(app) == ["edit"]


def test_what_was_sent_and_not_answered_is_sent_when_the_page_is_loaded_again(
    open_page: OpenPage, app: FastAPI
) -> None:
    page = open_page("/", disconnects=True)
    begin(page)
    page.context.set_offline(True)
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Not connected.")).to_be_visible()
    page.goto("about:blank")
    page.context.set_offline(False)
    page.goto(f"{HERE}/judge")
    by_me(page, 1)
    assert verdicts(app) == ["unsure"]


def test_whoever_was_signed_out_comes_back_to_their_item_and_draft(
    open_page: OpenPage, app: FastAPI
) -> None:
    page = open_page("/people", refused=401)
    close_the_doors(page)
    begin(page)
    page.keyboard.press("n")
    page.keyboard.type("Before the end")
    kept(page)
    page.context.clear_cookies()
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Sign in, and carry on").click()
    page.get_by_label("name", exact=True).fill("ada")
    page.get_by_label("password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/campaigns/c/judge$"))
    by_me(page, 1)  # it had been sent, and is sent again
    with open_session(app.state.engine) as session:
        given = session.scalars(select(JudgementTable)).one()
    assert (given.actor, given.verdict, given.note) == ("ada", "accept", "Before the end")


def test_whose_place_was_given_away_is_told_and_goes_on(open_page: OpenPage, app: FastAPI) -> None:
    page = open_page("/", refused=409)
    begin(page)
    with open_session(app.state.engine, commit=True) as session:
        session.execute(update(CampaignItemTable).values(n_free=0))
        session.execute(update(AssignmentTable).values(state="lapsed"))
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("given to somebody else")).to_be_visible()
    with open_session(app.state.engine, commit=True) as session:
        session.execute(update(CampaignItemTable).values(n_free=1))
    page.get_by_role("button", name="Go on to the next").click()
    expect(page.get_by_text("given to somebody else")).to_be_hidden()
    expect(page.locator("input[value=accept]")).to_be_checked()  # the item is theirs again
    page.keyboard.press("Enter")
    by_me(page, 1)


def test_new_guidelines_are_told_to_whoever_is_writing(open_page: OpenPage, app: FastAPI) -> None:
    page = open_page("/")
    begin(page)
    with open_session(app.state.engine, commit=True) as session:
        add_guidelines(
            session, model="synthetic", slug="c", markdown=f"Second {EVIL_LINK}", actor="rita"
        )
    page.keyboard.press("1")
    page.get_by_role("link", name="Read it; your draft stays").click()
    expect(page.get_by_text("New guidelines:")).to_be_visible()
    expect(page.locator("[data-guidelines]")).to_contain_text("Second")
    expect(page.locator("input[value=accept]")).to_be_checked()


def test_script_in_guidelines_and_reasons_stays_text(open_page: OpenPage) -> None:
    page = open_page("/")
    begin(page)
    expect(page.locator("[data-guidelines]")).to_contain_text("<script>")
    page.keyboard.press("s")
    page.keyboard.type(EVIL)
    page.keyboard.press("Enter")
    expect(page.locator(".campaign-progress")).to_contain_text("1 skipped")
    page.goto(HERE)
    page.get_by_text("Why 1 was skipped").click()
    expect(page.locator("td.said")).to_have_text(EVIL)
    expect(page).to_have_title(re.compile(r"^C · synthetic"))


def test_the_queue_works_without_javascript(open_page: OpenPage, app: FastAPI) -> None:
    page = open_page(f"{HERE}/judge", java_script_enabled=False)
    page.get_by_role("button", name="Begin").click()
    page.get_by_label("reject").check()
    page.get_by_role("button", name="Judge").click()
    by_me(page, 1)
    page.locator("[data-skip] > summary").click()
    page.get_by_label("why", exact=True).fill("No")
    page.get_by_role("button", name="Skip it").click()
    expect(page.locator(".campaign-progress")).to_contain_text("1 skipped")
    assert verdicts(app) == ["reject"]


def test_a_campaign_is_begun_in_the_browser_and_no_page_of_it_has_a_serious_barrier(
    open_page: OpenPage,
) -> None:
    page = open_page("/m/synthetic")
    page.get_by_role("link", name="campaigns").click()
    page.get_by_text("Only some of them").click()
    check(page)
    page.get_by_label("title").fill("Do rules hold?")
    page.get_by_label("units", exact=True).fill("3")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", name="Do rules hold?")).to_be_visible()
    page.get_by_text("Write a new version").click()
    check(page)
    page.get_by_role("link", name="Judge", exact=True).click()
    check(page)
    page.get_by_role("button", name="Begin").click()
    expect(question(page)).to_be_visible()
    page.locator(".judging details").evaluate_all("all => all.forEach(one => one.open = true)")
    check(page)


def check(page: Page) -> None:
    assert barriers(page) == [], page.url
    page.emulate_media(color_scheme="dark")
    assert barriers(page, ("color-contrast",)) == [], f"{page.url} in the dark"
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 380, "height": 800})
    assert barriers(page) == [], f"{page.url} where it is narrow"
    assert overflow(page) <= 0, page.url
    page.set_viewport_size({"width": 1440, "height": 900})
