"""Role × route: what the table of needs promises is what every route does; nothing is missing."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from starlette.testclient import TestClient

from app.auth.need import Need, Reach, Who
from app.auth.needs import AREAS, NEEDS, need_of
from app.auth.rights import RIGHTS, Right
from app.main import create_app
from app.settings import Settings
from app.store.engine import open_session
from app.store.tables import Base
from tests.auth.routes.house import House, address, sent

PEOPLE = (
    "viewer", "annotator", "reviewer", "admin", "owner", "outsider", "administrator", "nobody",
    *(f"token to {right}" for right in Right),
)  # fmt: skip
REFUSED = (401, 403, 404)
OF_ACCOUNTS = ("logins", "tokens")
"""Tables that note when somebody was seen."""


def expected(person: str, need: Need, *, first_model: bool) -> int | None:
    """The status of a refusal; None: they are let in."""
    if need.right is Who.ANYBODY or (person == "administrator"):
        return None
    if person == "nobody":
        return 401
    if need.right is Who.ADMINISTRATOR:
        return 403
    if need.keeps and person.startswith("token") and person != "token to annotate":
        return 403
    if need.by_login and person.startswith("token"):
        return 403
    if not isinstance(need.right, Right):  # of the model that they ask to see alone
        seen = person == "token to see" or (person in RIGHTS and first_model)
        return None if seen or not need.beside else 404
    right = need.others or need.right
    if person.startswith("token"):
        return expected_of_token(person, need, right)
    return expected_of_role(person, need, right, first_model=first_model)


def expected_of_token(person: str, need: Need, right: Right) -> int | None:
    """It has one right with every model. What else is named must be seen."""
    if right == person.removeprefix("token to "):
        return None if right is Right.SEE or not need.beside else 404
    return 403 if isinstance(need.of, Reach) or person == "token to see" else 404


def expected_of_role(person: str, need: Need, right: Right, *, first_model: bool) -> int | None:
    mine = RIGHTS.get(person, frozenset())
    if isinstance(need.of, Reach):
        return None if right in mine and need.of is Reach.SOMEWHERE else 403
    if not mine or not first_model:
        return 404
    return None if right in mine else 403


@pytest.fixture(scope="module", autouse=True)
def unchanged(app: FastAPI) -> Iterator[None]:
    """All of this leaves the store as it was."""
    before = digest_of_store(app)
    yield
    assert digest_of_store(app) == before


def digest_of_store(app: FastAPI) -> str:
    found = hashlib.sha256()
    with open_session(app.state.engine) as session:
        for name, table in sorted(Base.metadata.tables.items()):
            if name not in OF_ACCOUNTS:
                rows = session.execute(select(table)).all()
                found.update(repr(sorted(map(repr, rows))).encode())
    return found.hexdigest()


def test_every_route_is_in_the_table(routes: list[tuple[str, str]]) -> None:
    assert len(routes) > 180
    assert [f"{method} {path}" for method, path in routes if need_of(method, path) is None] == []


def test_the_table_has_no_route_that_is_not_there(routes: list[tuple[str, str]]) -> None:
    there = {f"{method} {path}" for method, path in routes}
    assert NEEDS.keys() - there == set()
    of_areas = [path for _, path in routes if any(path.startswith(area) for area in AREAS)]
    assert of_areas


def test_a_route_that_is_in_no_table_lets_nobody_in(data: Path, house: House) -> None:
    app = create_app(Settings(data=data, log_level="error"))

    @app.get("/careless")
    def careless() -> None: ...

    with TestClient(app, base_url="http://localhost:8765") as client:
        answer = client.get("/careless", headers=house.credentials["administrator"])
    assert answer.status_code == 403
    assert "lacks the route" in answer.json()["hint"]


@pytest.mark.parametrize("person", PEOPLE)
def test_everybody_may_do_with_a_model_what_the_table_says(
    client: TestClient, app: FastAPI, house: House, routes: list[tuple[str, str]], person: str
) -> None:
    assert wrong(client, app, house, routes, person, first_model=True) == []


@pytest.mark.parametrize("person", ["viewer", "owner", "outsider"])
def test_nobody_may_do_anything_with_a_model_that_they_have_no_role_in(
    client: TestClient, app: FastAPI, house: House, routes: list[tuple[str, str]], person: str
) -> None:
    assert wrong(client, app, house, routes, person, first_model=False) == []


def wrong(
    client: TestClient,
    app: FastAPI,
    house: House,
    routes: list[tuple[str, str]],
    person: str,
    *,
    first_model: bool,
) -> list[Any]:
    """What was answered otherwise than the table says, or written all the same."""
    found: list[Any] = []
    subjects = house.subjects[0 if first_model else 1]
    for method, path in routes:
        need = need_of(method, path)
        assert need is not None
        if person.startswith("token") and need is AREAS["/account"] and "/account" in path:
            continue  # its handlers say what tokens may not
        app.state.n_writes = 0
        answer = client.request(
            method, address(path, subjects), headers=house.credentials[person],
            **sent(need, subjects),
        )  # fmt: skip
        wanted = expected(person, need, first_model=first_model)
        if wanted is None:
            right = answer.status_code not in (401, 403) and answer.status_code < 500
            right = right or answer.status_code == 503  # no model is loaded here
        else:
            right = answer.status_code == wanted and app.state.n_writes == 0
        if not right:
            found.append((method, path, wanted, answer.status_code, answer.text[:200]))
    return found


@pytest.mark.parametrize("area", AREAS)
def test_an_area_covers_what_is_below_it_and_not_what_is_beside_it(area: str) -> None:
    assert need_of("GET", area) == need_of("DELETE", f"{area}/of/any/{{thing}}") == AREAS[area]
    assert need_of("GET", f"{area}ant") is None


@pytest.mark.parametrize("status", REFUSED)
def test_refusals_are_problems_that_say_what_to_do(
    client: TestClient, house: House, status: int
) -> None:
    person = {401: "nobody", 403: "viewer", 404: "outsider"}[status]
    answer = client.post(
        f"/api/v1/models/{house.subjects[0]['model']}/tokens",
        headers=house.credentials[person],
        json={},
    )
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["hint"]
