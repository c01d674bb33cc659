"""The pages behind a real server, read in a real Chromium.

Each journey gets a page that fails the test when the console reports an error, when a script
throws, or when the Content-Security-Policy refuses something.
"""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from app.bench.kept_circuits import fill_circuits
from app.bench.serving import serving
from app.main import create_app
from app.settings import Settings
from app.store.assigning import hand_out
from app.store.campaigning import Plan, create_campaign
from app.store.choice import Choice
from app.store.engine import open_session
from app.store.migrating import upgrade
from app.store.synthetic import fill_synthetic

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
"""Of this machine; where there is none, Playwright takes the one that it installed itself."""
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-default-apps", "--disable-extensions",
    "--disable-sync", "--metrics-recording-only", "--no-first-run",
)  # fmt: skip
MILLISECONDS = 10_000

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    data = tmp_path_factory.mktemp("browser")
    app = create_app(Settings(data=data, log_level="error"))
    upgrade(app.state.engine)
    fill_synthetic(
        app.state.engine, data=data, layers=3, neurons=64, heads=3, windows=60,
        window_length=64, exemplars_per_kind=12,
    )  # fmt: skip
    fill_circuits(app.state.engine, model="synthetic", layers=3, neurons=64, heads=3)
    with open_session(app.state.engine, commit=True) as session:
        plan = Plan(title="Do rules hold?", slug="rules", choice=Choice(n=12))
        create_campaign(session, model="synthetic", plan=plan, actor="rita")
        hand_out(session, model="synthetic", slug="rules", actor="local owner")
    return app


@pytest.fixture(scope="session")
def address(app: FastAPI) -> Iterator[str]:
    """The base URL of the running server."""
    with serving(app) as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Closed with its file: Playwright keeps an event loop running in its thread, and the tests
    that come after in the same process start their own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser, address: str) -> Iterator[OpenPage]:
    """Opens a path in a fresh context; at the end nothing may have been complained about."""
    contexts, complaints = [], []
    expected: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(f"{message.type}: {message.text}")

    def open_path(
        path: str,
        *,
        width: int = 1440,
        height: int = 900,
        refused: int | None = None,
        disconnects: bool = False,
        **options: object,
    ) -> Page:
        """`refused`: an HTTP status that belongs to the journey; the console complains of it, as
        it does where the journey `disconnects`."""
        if refused is not None:
            expected.append(f"status of {refused} ")
        if disconnects:
            expected.extend(("net::ERR_INTERNET_DISCONNECTED", "htmx:error: Failed to fetch"))
        context = chromium.new_context(
            base_url=address,
            viewport={"width": width, "height": height},
            **options,  # type: ignore[arg-type]
        )
        contexts.append(context)
        context.set_default_timeout(MILLISECONDS)
        page = context.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(f"thrown: {error}"))
        page.goto(path)
        return page

    yield open_path
    for context in contexts:
        context.close()
    assert [said for said in complaints if not any(part in said for part in expected)] == []
