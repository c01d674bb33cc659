"""A picture of a page, as small as it can be without looking worse: 255 colours, no dithering."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.screenshots.cast import Person
from tests.screenshots.pictures import Picture
from tests.screenshots.stage import Stage

COLOURS: Final = 255
SETTLED: Final = 700
"""Milliseconds in which what comes by itself has come: fragments, live text, the graph."""
PATIENCE: Final = 60_000


def take(
    browser: Browser,
    picture: Picture,
    *,
    address: str,
    stage: Stage,
    logins: Mapping[Person, str],
    into: Path,
) -> Path:
    """The file."""
    context = browser.new_context(
        base_url=address,
        viewport={"width": picture.width, "height": picture.height},
        color_scheme=picture.scheme,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )
    context.set_default_timeout(PATIENCE)
    port = urlsplit(address).port
    context.add_cookies(
        [{"name": f"patchclamp-{port}", "value": logins[picture.who], "url": address}]
    )
    page = context.new_page()
    page.goto(stage.path(picture.path))
    shot = _shot(page, picture)
    context.close()
    file = into / f"{picture.name}.png"
    file.write_bytes(_small(shot))
    return file


def _shot(page: Page, picture: Picture) -> bytes:
    page.wait_for_load_state("networkidle") if not picture.until else page.wait_for_selector(
        picture.until
    )
    for key in picture.keys:
        page.keyboard.press(key)
    if picture.at:
        page.locator(picture.at).first.evaluate("one => one.scrollIntoView()")
    page.wait_for_timeout(SETTLED)
    if picture.within:
        return page.locator(picture.within).first.screenshot()
    return page.screenshot()


def _small(shot: bytes) -> bytes:
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    few = image.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, "PNG", optimize=True)
    return out.getvalue()
