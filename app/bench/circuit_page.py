"""`patchclamp bench circuit-page`: whether the drawing of a circuit stays fluid, and opens fast.

Two made-up circuits are kept in a temporary store, one of 300 neurons and heads with 3,000 links,
one of 2,000 with 10,000, with all links drawn. A headless Chromium without a GPU opens
each page from a server in this process; then its mouse hovers, pans and drags the sliders of the
first, in several rounds. A frame is the time between two of the browser's calls before it paints;
the longest of each kind of movement is told, by the median round and by the worst: a machine that
does other things stops any page for a while. Opening is from the request until the second frame
with all of it drawn.

It needs Playwright, which the tests bring (`pip install 'patchclamp[test]'`), and a Chromium: the
one that CHROMIUM names, or on the path, or else Playwright's own.
"""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.bench.made_circuits import make_circuit
from app.bench.made_proofs import make_proof
from app.bench.measurement import Measurement
from app.bench.serving import serving
from app.errors import UnavailableError
from app.main import create_app
from app.settings import Settings
from app.store.engine import open_session
from app.store.migrating import upgrade
from app.store.synthetic import fill_synthetic
from app.store.writing_circuits import keep_circuit, keep_proof

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LAYERS, NEURONS, HEADS = 12, 256, 8
SIZES: Final = {"300": (300, 3_000), "2000": (2_000, 10_000)}
"""Units and links."""
EVERY_LINK: Final = "#weight=0"
ROUNDS, QUICK_ROUNDS = 5, 2
STEPS: Final = 60
STEP_MS: Final = 16
FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
WATCH: Final = """() => {
  window.frameTimes = [];
  let last = performance.now();
  const next = () => {
    const now = performance.now();
    window.frameTimes.push(now - last);
    last = now;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}"""
TWO_FRAMES: Final = (
    "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
)


def measure(quick: bool) -> Iterator[Measurement]:
    """Raises UnavailableError where there is no Playwright."""
    if find_spec("playwright") is None:
        raise UnavailableError(
            "Playwright is not installed, and it drives the browser.",
            hint="pip install 'patchclamp[test]', and make browser.",
        )
    with served() as address, chromium() as browser:
        n = QUICK_ROUNDS if quick else ROUNDS
        yield from _moving(browser, address, n)
        yield from _opening(browser, address, n)


@contextmanager
def served() -> Iterator[str]:
    """The address of a model's circuits behind a server of this process."""
    data = Path(tempfile.mkdtemp(prefix="patchclamp-bench-"))
    try:
        app = create_app(Settings(data=data, database_url=None, log_level="error"))
        upgrade(app.state.engine)
        (model,) = fill_synthetic(
            app.state.engine, data=data, layers=LAYERS, neurons=NEURONS, heads=HEADS, windows=40,
            window_length=32, exemplars_per_kind=3, full_exemplars=50,
        )  # fmt: skip
        with open_session(app.state.engine, commit=True) as session:
            for slug, (units, links) in SIZES.items():
                circuit = make_circuit(
                    nodes=units, links=links, layers=LAYERS, neurons=NEURONS, heads=HEADS
                )
                keep_circuit(session, model=model.name, circuit=circuit, actor="bench", slug=slug)
                proof = make_proof(circuit)
                keep_proof(session, model=model.name, slug=slug, proof=proof)
        with serving(app) as url:
            yield f"{url}/m/{model.name}/circuits"
    finally:
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def chromium() -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


def _opening(browser: "Browser", address: str, n: int) -> Iterator[Measurement]:
    for slug, (units, links) in SIZES.items():
        taken = []
        for _ in range(n):
            page, seconds = open_drawn(browser, f"{address}/{slug}{EVERY_LINK}")
            taken.append(seconds)
            page.context.close()
        words = f"{units:,} neurons and heads with {links:,} links, all drawn"
        name = f"circuit_page.open_s.{slug}"
        yield Measurement(
            name, statistics.median(taken), "s", f"{words}: until they are, median of {n}"
        )
        yield Measurement(f"{name}.longest", max(taken), "s", f"{words}: until they are, longest")


def _moving(browser: "Browser", address: str, n: int) -> Iterator[Measurement]:
    units, links = SIZES["300"]
    page, _ = open_drawn(browser, f"{address}/300{EVERY_LINK}")
    page.evaluate(WATCH)
    page.wait_for_timeout(500)
    rounds = [{name: frames_while(page, does) for name, does in MOVES.items()} for _ in range(n)]
    page.context.close()
    for name in MOVES:
        longest = [max(frames[name]) for frames in rounds]
        every = [frame for frames in rounds for frame in frames[name]]
        where = f"{name}, {units} neurons and heads with {links:,} links, no GPU"
        for which, value, words in (
            ("longest", statistics.median(longest), f"longest frame, median of {n} rounds"),
            ("worst", max(longest), f"longest frame of all {n} rounds"),
            ("median", statistics.median(every), "median frame"),
        ):
            figure = f"circuit_page.{name.split()[0]}.{which}_frame_ms"
            yield Measurement(figure, value, "ms", f"{words}: {where}")


def open_drawn(browser: "Browser", address: str) -> tuple["Page", float]:
    """The page, and the seconds until the whole drawing was to be seen."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    started = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector("[data-circuit][data-ready]")
    page.evaluate(TWO_FRAMES)
    return page, time.perf_counter() - started


def frames_while(page: "Page", does: Callable[["Page"], None]) -> list[float]:
    """Milliseconds of each frame."""
    page.evaluate("() => { window.frameTimes.length = 0; }")
    does(page)
    page.wait_for_timeout(200)
    frames: list[float] = page.evaluate("window.frameTimes")
    return frames


def _slide(page: "Page", slider: str) -> None:
    box = page.locator(slider).bounding_box()
    assert box is not None, slider  # noqa: S101 - the page has it
    y = box["y"] + box["height"] / 2
    at = float(page.locator(slider).evaluate("range => (range.value - range.min) / range.max"))
    page.mouse.move(box["x"] + 8 + (box["width"] - 16) * at, y)
    page.mouse.down()
    for step in range(STEPS):
        share = abs(1 - 2 * step / (STEPS - 1))
        page.mouse.move(box["x"] + 8 + (box["width"] - 16) * share, y)
        page.wait_for_timeout(STEP_MS)
    page.mouse.up()


def _hover(page: "Page") -> None:
    for x, y in _places(page):
        page.mouse.move(x, y)
        page.wait_for_timeout(STEP_MS)


def _pan(page: "Page") -> None:
    box = page.locator("[data-drawing]").bounding_box()
    assert box is not None  # noqa: S101 - the page has it
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(STEPS):
        page.mouse.move(x + 4 * (step % 30), y - 3 * (step % 20))
        page.wait_for_timeout(STEP_MS)
    page.mouse.up()


def _places(page: "Page") -> list[tuple[float, float]]:
    """The middles of some marks."""
    found: list[list[float]] = page.evaluate(
        "() => [...document.querySelectorAll('[data-marks] .mark path')].map((path) => {"
        " const box = path.getBoundingClientRect();"
        " return [box.x + box.width / 2, box.y + box.height / 2]; })"
    )
    return [(x, y) for x, y in found[:: max(1, len(found) // STEPS)]]


MOVES: Final[dict[str, Callable[["Page"], None]]] = {
    "hovering over nodes": _hover,
    "panning": _pan,
    "units kept, by its slider": lambda page: _slide(page, "[data-keep]"),
    "links by weight, by their slider": lambda page: _slide(page, "[data-weight]"),
}
