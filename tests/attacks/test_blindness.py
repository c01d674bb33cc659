"""Nobody whom a campaign may yet ask learns what others said: not by a token that may less than
they may, nor by asking for another version of what they are to judge."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from starlette.testclient import TestClient

from app.store.accounts.tokens import create_token
from app.store.claiming import Claim, create_explanation, edit_explanation
from app.store.commenting import comment
from app.store.deciding import Ruling, decide
from app.store.engine import open_session
from app.store.judging import Rating, judge
from app.store.queries.asked_judgements import asked_of
from app.store.tables import CommentTable
from app.store.topics import explanation_topic
from app.store.voting import vote
from tests.pages.team import ADDRESS, add, app_of_ada, browser
from tests.store.campaigns import campaign, end

NOTE = "only at the ends of lines"
SAID = "@ada what else than commas"
REASON = "commas it is"
VOTES = {"hx-request": "true", "hx-target": "section#votes"}
UNIT = ("mlp.0", 1)
V1 = "/api/v1"


@pytest.fixture
def house(tmp_path: Path) -> FastAPI:
    """An explanation of which others said all that can be said, and its edit: a campaign, which
    begins afterwards, asks about `state.asked`."""
    app = app_of_ada(tmp_path)
    for name in ("bo", "rho"):
        add(app, name, role="reviewer")
    with open_session(app.state.engine, commit=True) as session:
        made = create_explanation(
            session, model="synthetic", site=UNIT[0], index=UNIT[1], claim=Claim("Commas"),
            actor="bo",
        )  # fmt: skip
        tell(session, made.id)
        edited = edit_explanation(session, explanation_id=made.id, claim=Claim("C"), actor="bo")
        tell(session, edited.id)
    app.state.first, app.state.second = made.id, edited.id
    return app


def tell(session, number: int) -> None:
    judge(session, explanation_id=number, actor="bo", rating=Rating("reject", note=NOTE))
    vote(session, explanation_id=number, actor="bo", value=-1)
    comment(session, explanation_topic(session, explanation_id=number), text=SAID, actor="bo")
    asked = asked_of(session, model="synthetic")
    decide(
        session, asked, explanation_id=number, actor="rho", ruling=Ruling("reject", reason=REASON)
    )


def addresses(app: FastAPI, number: int) -> list[str]:
    """Where what people say of an explanation is read."""
    rest, page = f"{V1}/explanations/{number}", f"/m/synthetic/{UNIT[0]}/{UNIT[1]}/explanations"
    with open_session(app.state.engine) as session:
        said = session.scalars(select(CommentTable.id).filter_by(explanation_id=number)).all()
    return [
        *(f"{rest}/{what}" for what in ("judgements", "votes", "comments", "decisions")),
        *(f"{V1}/comments/{one}" for one in said),
        *(f"/comments/{one}" for one in said),
        f"{V1}/inbox", "/inbox",
        *(f"{page}/{number}{what}" for what in ("", "/vote", "/comments")),
    ]  # fmt: skip


def told(client: TestClient, app: FastAPI, number: int) -> set[str]:
    """Addresses that tell what bo or rho said; what is not there tells nothing."""
    found = set()
    for path in addresses(app, number):
        answer = client.get(path, headers=VOTES if path.endswith("/vote") else {})
        assert answer.status_code in (200, 303, 403, 404, 405, 409), (path, answer.text[:300])
        shows_vote = path.endswith("/votes") and answer.json().get("n_down")
        if answer.status_code == 303 or shows_vote or any(
            one in answer.text for one in (NOTE, "what else than", REASON)
        ):  # fmt: skip
            found.add(path)
    return found


def clients(app: FastAPI) -> Iterator[tuple[str, TestClient]]:
    """Ada's browser, and what shows her token that may only see."""
    yield "browser", browser(app, app.state.ada)
    with open_session(app.state.engine, commit=True) as session:
        secret = create_token(
            session, account_id=app.state.ada, name="t", scopes=["see"], lasts=timedelta(days=1)
        )
    shown = {"authorization": f"Bearer {secret}"}
    yield "token", TestClient(app, base_url=ADDRESS, headers=shown, follow_redirects=False)


@pytest.mark.parametrize("version", ["first", "second"])
@pytest.mark.parametrize("asked", ["first", "second"])
def test_whoever_may_be_asked_is_told_nothing_by_any_way_in(
    house: FastAPI, version: str, asked: str
) -> None:
    number = getattr(house.state, version)
    made = campaign(house.state.engine, model="synthetic", items=[getattr(house.state, asked)])
    found = {name: told(client, house, number) for name, client in clients(house)}
    assert found == {"browser": set(), "token": set()}
    end(house.state.engine, made)
    after = {name: len(told(client, house, number)) for name, client in clients(house)}
    assert min(after.values()) >= 4, "the walk looks where something is told"


def test_a_token_hides_its_account_from_no_campaign(house: FastAPI) -> None:
    """Whoever cannot be asked reads on: a viewer's token is not blinded."""
    campaign(house.state.engine, model="synthetic", items=[house.state.second])
    viewer = browser(house, add(house, "vi", role="viewer"))
    votes = viewer.get(f"{V1}/explanations/{house.state.second}/votes").json()
    assert (votes["withheld"], votes["n_down"]) == (False, 1)
