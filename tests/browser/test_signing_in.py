"""A team comes in: the first account closes the doors, somebody is invited, makes a token, leaves
and comes back. Without a serious barrier on the way, in light, dark and narrow."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from playwright.sync_api import Page, expect

from app.bench.serving import serving
from app.main import create_app
from app.settings import Settings
from tests.browser.conftest import OpenPage
from tests.browser.test_accessibility import barriers, overflow
from tests.kept import synthetic_store

PASSWORD = "four words that differ"
EVIL = "<img src=x onerror=\"document.title='taken'\">"


@pytest.fixture
def app(tmp_path) -> FastAPI:
    synthetic_store(
        tmp_path, layers=1, neurons=8, heads=2, windows=24, window_length=16, exemplars_per_kind=2
    )
    return create_app(Settings(data=tmp_path, log_level="error"))


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    with serving(app) as url:
        yield url


def check(page: Page) -> None:
    """As it stands, whatever was opened in it."""
    page.emulate_media(color_scheme="light")
    assert barriers(page) == [], page.url
    page.emulate_media(color_scheme="dark")
    assert barriers(page, ("color-contrast",)) == [], f"{page.url} in the dark"
    page.emulate_media(color_scheme="light")
    wide = page.viewport_size
    page.set_viewport_size({"width": 380, "height": 800})
    assert barriers(page) == [], f"{page.url} where it is narrow"
    assert overflow(page) <= 0, page.url
    assert wide is not None
    page.set_viewport_size(wide)


def close_the_doors(page: Page) -> None:
    page.goto("/people")
    check(page)
    page.get_by_label("name", exact=True).fill("ada")
    page.get_by_label("full name").fill("Ada L.")
    page.get_by_label("password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", name="Accounts")).to_be_visible()


def invite(page: Page, note: str) -> str:
    """The address of the link that is shown."""
    page.get_by_label("whom it is meant for").fill(note)
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.get_by_text("The invite is made.")).to_be_visible()
    check(page)
    return page.get_by_role("region", name="link").inner_text()


def test_a_team_comes_in(open_page: OpenPage) -> None:
    ada = open_page("/")
    close_the_doors(ada)
    link = invite(ada, EVIL)
    assert ada.title() == "People · Patchclamp"

    bea = open_page(link)
    check(bea)
    bea.get_by_label("name", exact=True).fill("bea")
    bea.get_by_label("full name").fill(EVIL)
    bea.get_by_label("password").fill(PASSWORD)
    bea.keyboard.press("Enter")
    expect(bea.get_by_role("link", name="bea: your account")).to_be_visible()

    bea.get_by_role("link", name="bea: your account").click()
    bea.get_by_label("name", exact=True).fill("notebook")
    bea.get_by_label("run").check()
    check(bea)
    bea.get_by_role("button", name="Make the token").click()
    expect(bea.get_by_role("region", name="token", exact=True)).to_contain_text("pc_")
    check(bea)
    assert bea.title() == "Account · Patchclamp"

    ada.goto("/people/bea")
    check(ada)
    ada.get_by_role("button", name="Make a link").click()
    expect(ada.get_by_role("region", name="link")).to_contain_text("/login/")
    assert ada.title() == "bea · People · Patchclamp"

    bea.get_by_role("button", name="sign out").click()
    bea.goto("/m/synthetic")
    expect(bea.get_by_role("heading", name="Sign in")).to_be_visible()
    check(bea)
    bea.keyboard.type("bea")
    bea.keyboard.press("Tab")
    bea.keyboard.type(PASSWORD)
    bea.keyboard.press("Enter")
    expect(bea).to_have_url(f"{link.partition('/login/')[0]}/m/synthetic")


def test_what_is_wrong_is_read_out_and_focused(open_page: OpenPage) -> None:
    page = open_page("/people", refused=422)
    page.get_by_label("name", exact=True).fill("Ada")
    page.get_by_label("password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    name = page.get_by_label("name", exact=True)
    expect(name).to_be_focused()
    expect(name).to_have_accessible_description(
        "'Ada' cannot be the name of an account. "
        "Take lower-case letters and digits, with . - or _ between them, 64 at most."
    )
    check(page)


def test_who_is_signed_out_while_writing_signs_in_beside_it_and_goes_on(
    open_page: OpenPage,
) -> None:
    page = open_page("/people", refused=401)
    close_the_doors(page)
    page.goto("/m/synthetic/mlp.0/3/explanations/new")
    page.context.clear_cookies()
    program = 'when word in {"may"} -> 1'
    page.get_by_label("Program: what it predicts").fill(program)
    expect(page.get_by_text("Signed out.")).to_be_visible()
    link = page.get_by_role("link", name="Sign in in a new tab")
    with page.context.expect_page() as opened:
        link.click()
    tab = opened.value
    tab.get_by_label("name", exact=True).fill("ada")
    tab.get_by_label("password").fill(PASSWORD)
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("link", name="ada: your account")).to_be_visible()
    expect(page.get_by_label("Program: what it predicts")).to_have_value(program)
    page.get_by_label("Program: what it predicts").press_sequentially("5")
    expect(page.get_by_text("Signed out.")).to_be_hidden()
