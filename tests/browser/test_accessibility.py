"""No serious barrier on any page, in light, dark and narrow; nothing scrolls sideways."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage

PATHS = (
    "/", "/m/synthetic", "/m/synthetic/mlp.1", "/m/synthetic/mlp.1/7", "/m/synthetic/mlp.1/3",
    "/m/synthetic/mlp.1/7?show=intervals", "/m/synthetic/attn.1/0", "/jobs", "/runs/2",
    "/corpora", "/corpora/starter", "/corpora/starter/1", "/glossary", "/search", "/search?q=wena",
    "/m/synthetic/scores", "/m/synthetic/mlp.1/7/explanations", "/m/synthetic/mlp.1/6",
    "/m/synthetic/mlp.1/7/explanations/new", "/m/synthetic/playground", "/m/synthetic/experiments",
    "/m/synthetic/playground?edit=mlp.1/7+%3D+1&edit=resid.0+%2B%3D+8+*+mlp.0/3&text=a+b",
    "/m/synthetic/mlp.1/7/live", "/m/synthetic/circuits", "/m/synthetic/circuits/names",
    "/m/synthetic/circuits/imported", "/m/synthetic/circuits/names/compare?with=names-again",
    "/m/synthetic/campaigns", "/m/synthetic/campaigns/rules", "/m/synthetic/campaigns/rules/judge",
    "/m/synthetic/judgements/import", "/m/synthetic/agreement", "/m/synthetic/disagreements",
    "/m/synthetic/disagreements?state=all",
    "/login", "/account", "/people", "/lists", "/bookmarks", "/inbox", "/m/synthetic/activity",
    "/m/synthetic/mlp.1/3/comments", "/m/synthetic/mlp.1/3/lists",
)  # fmt: skip
LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "narrow": {"color_scheme": "light", "width": 380, "height": 800},
}


WIDTHS = (360, 380, 768, 1024, 2560)
DARK = "rgb(17, 20, 24)"
"""The background."""


def barriers(page: Page, rules: tuple[str, ...] = ()) -> list[str]:
    """By some rules, or by all."""
    only = {"runOnly": {"type": "rule", "values": rules}} if rules else {}
    found = Axe().run(page, options={"resultTypes": ["violations"], **only}).response["violations"]
    return [
        f"{item['id']}: {item['help']}: "
        f"{[(node['target'], node['failureSummary']) for node in item['nodes']][:3]}"
        for item in found
        if item["impact"] in ("serious", "critical")
    ]


def overflow(page: Page) -> int:
    """Pixels that the page is too wide."""
    too_wide: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return too_wide


def test_no_page_has_a_serious_barrier(open_page: OpenPage) -> None:
    page = open_page("/", color_scheme="light")
    for path in PATHS:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(path)
        assert barriers(page) == [], path
        page.emulate_media(color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == DARK
        assert barriers(page, ("color-contrast",)) == [], f"{path} in the dark"
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 380, "height": 800})
        assert barriers(page) == [], f"{path} where it is narrow"


@pytest.mark.parametrize("look", LOOKS)
def test_explanations_and_the_form_have_no_serious_barrier(open_page: OpenPage, look: str) -> None:
    page = open_page("/m/synthetic/mlp.1/7", **LOOKS[look])
    page.get_by_role("link", name="why?").click()
    page.get_by_role("heading", name="Where it fails").wait_for()
    assert barriers(page) == []
    page.get_by_role("link", name="Start from this program").click()
    page.get_by_text("The language in brief, and examples").click()
    page.locator("#check .score-bar").first.wait_for()
    assert barriers(page) == []
    assert overflow(page) <= 0


@pytest.mark.parametrize("look", LOOKS)
def test_the_page_of_an_explanation_that_was_judged_has_no_serious_barrier(
    open_page: OpenPage, look: str
) -> None:
    page = open_page("/", **LOOKS[look])
    unit = "/api/v1/models/synthetic/sites/mlp.1/units/9/explanations?method=rules"
    [explained, *_] = page.request.get(unit).json()["items"]
    said = {"verdict": "edit", "note": "Silent after commas.", "tags": ["syntax"]}
    path = f"/api/v1/explanations/{explained['id']}/judgement"
    assert page.request.put(path, data=said).ok
    page.goto(f"/m/synthetic/mlp.1/9/explanations/{explained['id']}")
    page.get_by_role("heading", name="What people make of it").wait_for()
    assert barriers(page) == []
    assert overflow(page) <= 0


def test_problem_and_job_pages_have_no_serious_barrier(open_page: OpenPage) -> None:
    page = open_page("/jobs?status=failed")
    page.locator("tbody th a").first.click()
    page.wait_for_url(re.compile(r"/jobs/\w{32}"))
    assert barriers(page) == []
    page.goto("/jobs?status=running")
    page.locator("tbody th a").first.click()
    page.wait_for_url(re.compile(r"/jobs/\w{32}"))
    assert barriers(page) == []


def test_no_page_scrolls_sideways(open_page: OpenPage) -> None:
    page = open_page("/")
    for path in PATHS:
        page.goto(path)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert overflow(page) <= 0, (path, width)


@pytest.mark.parametrize("width", [1440, 2560])
@pytest.mark.parametrize("path", ["/", "/jobs", "/corpora", "/corpora/starter", "/glossary"])
def test_a_wide_window_is_used(open_page: OpenPage, path: str, width: int) -> None:
    page = open_page(path, width=width)
    edges = page.evaluate(
        "[...document.querySelectorAll('main table, main pre, main dd, main form')]"
        ".map(element => element.getBoundingClientRect().right)"
    )
    assert max(edges) > 0.95 * width


def test_nothing_moves_for_those_who_asked_for_stillness(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic/mlp.1/7", reduced_motion="reduce")
    moving = page.evaluate("document.getAnimations().length")
    assert moving == 0


def test_a_table_that_is_cut_off_is_shaded_at_that_edge(open_page: OpenPage) -> None:
    page = open_page("/m/synthetic/mlp.1", width=380, height=800)
    scroller = page.get_by_role("region", name="Table of units")
    scroller.locator("table").evaluate("table => { table.style.visibility = 'hidden' }")
    scroller.evaluate("region => region.scrollIntoView()")
    box = scroller.bounding_box()
    assert box is not None
    left, right, top = box["x"], box["x"] + box["width"] - 4, box["y"] + 40

    def edge(x: float) -> bytes:
        return page.screenshot(clip={"x": x, "y": top, "width": 4, "height": 20})

    assert edge(left) != edge(right)
    at_start = edge(left), edge(right)
    scroller.evaluate("region => { region.scrollLeft = region.scrollWidth }")
    at_end = edge(left), edge(right)
    assert at_start[0] == at_end[1]  # nothing is cut off there
    assert at_start[0] != at_end[0]
    assert at_start[1] != at_end[1]
