"""The graph of a circuit, as readers get at it."""

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage

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


def group(page: Page, some: list[Locator]) -> list[str]:
    names = [name_of(mark) for mark in some]
    page.keyboard.down("g")
    for mark in some:
        click(page, mark)
    page.keyboard.up("g")
    return names
