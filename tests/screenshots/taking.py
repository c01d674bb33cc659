"""A picture of a page in 255 colours: those that are used most as they are, the rest as near as can
be."""

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
COMMON: Final = 128
SETTLED: Final = 700
"""Milliseconds in which what comes by itself has come: fragments, live text, the graph."""
PATIENCE: Final = 60_000
MARGIN: Final = 16
"""Pixels around a part of a page."""


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
    if not picture.within:
        return page.screenshot()
    part = page.locator(picture.within).first
    part.scroll_into_view_if_needed()
    box = part.bounding_box()
    if box is None:
        raise SystemExit(f"{picture.within} is not to be seen on {page.url}.")
    clip = {
        "x": box["x"] - MARGIN,
        "y": box["y"] - MARGIN,
        "width": box["width"] + 2 * MARGIN,
        "height": box["height"] + 2 * MARGIN,
    }
    return page.screenshot(clip=clip)


def _small(shot: bytes) -> bytes:
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    counted = sorted(image.getcolors(image.width * image.height) or [], reverse=True)
    colours = [colour for _, colour in counted]
    common, others = colours[:COMMON], colours[COMMON:]
    if others:  # each once: few pixels may be what the eye looks for
        rest = Image.new("RGB", (len(others), 1))
        rest.putdata(others)
        found = rest.quantize(COLOURS - COMMON, Image.Quantize.MEDIANCUT, kmeans=3).getpalette()
        common += zip(*[iter(found or [])] * 3, strict=True)
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in common for part in colour])
    few = image.quantize(palette=palette, dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, "PNG", optimize=True)
    return out.getvalue()
