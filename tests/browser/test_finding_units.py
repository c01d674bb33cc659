"""Finding units: by typing, in the map, in the table."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage


def test_a_slash_and_a_name_lead_to_the_unit(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic")
    page.keyboard.press("/")
    page.keyboard.type("mlp.2/5")
    page.keyboard.press("Enter")
    page.wait_for_url("**/m/synthetic/mlp.2/5")


def test_a_question_mark_shows_the_keys(open_page: OpenPage) -> None:
    page = open_page("/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_arrows_move_through_the_map_and_enter_opens_the_cell(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic?statistic=maximum")
    cell = page.locator('[data-cell][tabindex="0"]').first
    cell.focus()
    first = cell.get_attribute("aria-label") or ""
    readout = page.locator("[data-cell-readout]").first
    expect(readout).to_have_text(first)
    page.keyboard.press("ArrowRight")
    expect(readout).not_to_have_text(first)
    page.keyboard.press("ArrowDown")
    expect(readout).to_contain_text("mlp.1")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/m/synthetic/mlp\.1\?maximum_min="))
    expect(page.locator("#units tbody tr").first).to_be_visible()


def test_the_map_changes_its_statistic_in_place(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic")
    page.get_by_role("navigation", name="Statistic").get_by_text("skewness").click()
    expect(page.locator("#map")).to_contain_text("this statistic cannot be filtered")
    expect(page.locator('[data-cell][tabindex="0"]').first).to_be_attached()


def test_filtering_replaces_the_table_and_the_address(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic/mlp.1")
    page.get_by_label("dead").select_option("yes")
    expect(page.locator("#units tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"dead=true"))
    page.get_by_role("link", name="clear").click()
    expect(page.locator("#units tbody tr")).to_have_count(50)


def test_sorting_and_paging_work_by_click(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic/mlp.1")
    page.get_by_role("link", name="kurtosis").click()
    expect(page.locator('th[aria-sort="descending"]')).to_contain_text("kurtosis")
    page.get_by_role("link", name=re.compile("^next")).click()
    expect(page.locator("#units tbody tr")).to_have_count(14)
    page.get_by_role("link", name=re.compile("from the start")).click()
    expect(page.locator("#units tbody tr")).to_have_count(50)


def test_a_filter_keeps_the_order_that_was_clicked(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic/mlp.1")
    page.get_by_role("link", name="kurtosis").click()
    expect(page.locator('th[aria-sort="descending"]')).to_contain_text("kurtosis")
    page.get_by_label("density at least").fill("0.0001")
    page.get_by_role("button", name="Filter").click()
    expect(page).to_have_url(re.compile(r"density_min=0\.0001"))
    expect(page).to_have_url(re.compile(r"sort=kurtosis&order=desc"))
    expect(page.locator('th[aria-sort="descending"]')).to_contain_text("kurtosis")
    page.get_by_role("link", name="kurtosis").click()
    expect(page.locator('th[aria-sort="ascending"]')).to_contain_text("kurtosis")
    page.get_by_label("dead").select_option("no")
    expect(page).to_have_url(re.compile(r"dead=false.*sort=kurtosis&order=asc"))


def test_another_draw_replaces_the_random_neurons(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic?seed=3")
    before = page.locator(".card h3 a").all_inner_texts()
    page.get_by_role("link", name="draw others").click()
    expect(page).not_to_have_url(re.compile(r"seed=3$"))
    expect(page.locator(".card h3 a")).not_to_have_text(before)
    expect(page.locator(".card")).to_have_count(8)


def test_the_theme_is_chosen_and_kept(open_page: OpenPage) -> None:
    page = open_page("/", color_scheme="light")
    toggle = page.locator("[data-theme-toggle]")
    toggle.click()
    toggle.click()
    expect(toggle).to_have_text("theme: dark")
    page.goto("/glossary")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(17, 20, 24)"


def test_the_head_of_a_column_says_what_it_means(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic/mlp.1")
    words = page.locator("#units thead .term", has_text="kurtosis")
    scroller = page.get_by_role("region", name="Table of units")
    width = scroller.evaluate("region => region.scrollWidth")
    expect(words).to_have_attribute("data-definition", re.compile("standardised moment"))
    said = "word => getComputedStyle(word, '::after').content"
    before = words.evaluate(said)
    words.hover()
    assert words.evaluate(said) != before
    assert scroller.evaluate("region => region.scrollWidth") == width
