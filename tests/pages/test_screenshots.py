"""What the pictures of the documentation are taken of can be done, and is shown."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.kept import synthetic_store
from tests.pages.team import ADDRESS, carry
from tests.screenshots import cast, stage
from tests.screenshots.pictures import PICTURES

MODEL = "synthetic"
NOT_HERE = ("playground", "circuit")
"""Of a model that is loaded, and of a search that takes minutes."""

House = tuple[FastAPI, Mapping[cast.Person, str]]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """An application on a synthetic store, and the secrets of the cast's logins and tokens."""
    synthetic_store(
        tmp_path, layers=1, neurons=8, heads=2, windows=192, window_length=16, exemplars_per_kind=2
    )
    monkeypatch.setattr(stage, "CHOSEN", (("mlp.0", 5),))
    monkeypatch.setattr(stage, "_experiment", lambda *_: "none")
    app = create_app(Settings(data=tmp_path, log_level="error"))
    app.state.tokens, logins = cast.enter(app.state.engine, MODEL)
    with TestClient(app, base_url=ADDRESS):  # which opens what the application asks
        yield app, logins


def test_every_page_that_is_on_a_picture_is_shown_to_whom_it_is_shown_there(house: House) -> None:
    app, logins = house
    programs = {
        who: TestClient(app, base_url=f"{ADDRESS}/api/v1", headers={"X-Api-Key": token})
        for who, token in app.state.tokens.items()
    }
    staged = stage.set_up(programs, MODEL)
    for picture in PICTURES:
        if picture.name in NOT_HERE:
            continue
        browser = TestClient(app, base_url=ADDRESS, headers={"accept": "text/html"})
        carry(browser, logins[picture.who])
        page = browser.get(staged.path(picture.path))
        assert page.status_code == 200, picture.name
        if picture.within:
            assert f'id="{picture.within.removeprefix("#")}"' in page.text
