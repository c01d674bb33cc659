"""`/m/{model}/people` and its like over REST: whoever owns a model says who may do what with it."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.store.accounts.links import create_invite
from app.store.accounts.members import set_role
from app.store.accounts.people import disable, get_account, set_administrator
from app.store.accounts.team import list_members
from app.store.engine import open_session
from tests.pages.team import DAY, EVIL, PASSWORD, add, browser, closed_app, shown_once, whoever

HERE = "/m/synthetic/people"
V1 = "/api/v1/models/synthetic"
JSON = {"accept": "application/json"}


@pytest.fixture
def app(tmp_path) -> FastAPI:
    app = closed_app(tmp_path)
    add(app, "root", is_administrator=True)
    app.state.ids = {name: add(app, name) for name in ("olga", "rosa", "bea")}
    add(app, "everywhere", role="reviewer")
    with open_session(app.state.engine, commit=True) as session:
        set_role(session, name="olga", model="synthetic", role="owner")
        set_role(session, name="rosa", model="synthetic", role="admin")
    return app


@pytest.fixture
def olga(app: FastAPI) -> TestClient:
    return browser(app, app.state.ids["olga"])


def roles(app: FastAPI) -> dict[str, str]:
    with open_session(app.state.engine) as session:
        return {one.name: one.role for one in list_members(session, model="synthetic")}


def test_those_with_a_role_are_listed_and_nobody_else(olga: TestClient) -> None:
    page = olga.get(HERE).text
    assert page.index("olga") < page.index("rosa") < page.index("everywhere")
    assert "root" not in page
    assert "bea" not in page


@pytest.mark.parametrize("path", [HERE, f"{V1}/people", f"{V1}/invites"])
def test_who_runs_the_models_work_sees_nothing_of_it(app: FastAPI, path: str) -> None:
    assert browser(app, app.state.ids["rosa"]).get(path, headers=JSON).status_code == 403
    assert browser(app, app.state.ids["bea"]).get(path, headers=JSON).status_code == 404


def test_an_owner_adds_somebody_by_name(app: FastAPI, olga: TestClient) -> None:
    assert olga.post(HERE, data={"name": "Bea", "role": "annotator"}).status_code == 303
    assert roles(app)["bea"] == "annotator"
    assert browser(app, app.state.ids["bea"]).get("/m/synthetic").status_code == 200


def test_a_part_of_a_name_adds_nobody(olga: TestClient) -> None:
    answer = olga.post(HERE, data={"name": "be", "role": "viewer"})
    assert answer.status_code == 404
    assert "There is no account &#39;be&#39;" in answer.text
    assert "bea" not in answer.text


def test_whoever_is_disabled_is_told_of_as_if_there_were_none(
    app: FastAPI, olga: TestClient
) -> None:
    with open_session(app.state.engine, commit=True) as session:
        disable(session, name="bea")
    answer = olga.post(HERE, data={"name": "bea", "role": "viewer"})
    assert answer.status_code == 404


def test_a_role_is_changed_and_taken_away(app: FastAPI, olga: TestClient) -> None:
    olga.post(HERE, data={"name": "rosa", "role": "viewer"})
    assert roles(app)["rosa"] == "viewer"
    olga.post(HERE, data={"name": "rosa", "role": "none"})
    assert "rosa" not in roles(app)


@pytest.mark.parametrize("role", ["viewer", "none"])
def test_the_last_owner_stays(app: FastAPI, olga: TestClient, role: str) -> None:
    answer = olga.post(HERE, data={"name": "olga", "role": role})
    assert answer.status_code == 409
    assert "olga is the only owner" in answer.text
    assert roles(app)["olga"] == "owner"


def test_an_owner_goes_once_there_is_another(app: FastAPI, olga: TestClient) -> None:
    olga.post(HERE, data={"name": "rosa", "role": "owner"})
    assert olga.post(HERE, data={"name": "olga", "role": "none"}).status_code == 303
    assert roles(app) == {"rosa": "owner", "everywhere": "reviewer"}


def test_a_role_of_every_model_is_raised_here_and_not_lowered(
    app: FastAPI, olga: TestClient
) -> None:
    assert olga.post(HERE, data={"name": "everywhere", "role": "viewer"}).status_code == 409
    assert roles(app)["everywhere"] == "reviewer"
    assert olga.post(HERE, data={"name": "everywhere", "role": "admin"}).status_code == 303
    assert roles(app)["everywhere"] == "admin"


def test_an_invite_lets_in_with_a_role_in_this_model_alone(app: FastAPI, olga: TestClient) -> None:
    page = olga.post(HERE + "/invites", data={"role": "viewer", "days": "1", "note": "Tom"}).text
    (address,) = shown_once(page)
    new = browser(app)
    path = address[address.index("/login/") :]
    assert new.post(path, data={"name": "tom", "password": PASSWORD}).status_code == 303
    assert whoever(new) == "tom"
    with open_session(app.state.engine) as session:
        held = get_account(session, name="tom").memberships
    assert [(one.model, one.role) for one in held] == [("synthetic", "viewer")]


def test_an_invite_to_another_model_is_neither_shown_nor_withdrawn(
    app: FastAPI, olga: TestClient
) -> None:
    with open_session(app.state.engine, commit=True) as session:
        create_invite(session, role="viewer", model=None, note="to all", lasts=DAY, actor="root")
    assert "to all" not in olga.get(HERE).text
    assert olga.post(HERE + "/invites/1/withdraw").status_code == 404


def test_what_invites_say_is_text(olga: TestClient) -> None:
    olga.post(HERE + "/invites", data={"role": "viewer", "note": EVIL})
    page = olga.get(HERE).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_a_program_gives_takes_and_invites_alike(app: FastAPI, olga: TestClient) -> None:
    given = olga.put(f"{V1}/people/bea", json={"role": "reviewer"})
    assert given.json() == {
        "name": "bea", "full_name": "", "role": "reviewer", "own_role": "reviewer",
        "role_everywhere": None,
    }  # fmt: skip
    listed = olga.get(f"{V1}/people").json()
    assert [one["name"] for one in listed] == ["olga", "rosa", "bea", "everywhere"]
    assert olga.delete(f"{V1}/people/bea").json() == {"deleted": "bea"}
    assert olga.delete(f"{V1}/people/bea").status_code == 404
    made = olga.post(f"{V1}/invites", json={"role": "viewer", "note": "Tom"})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    (invite,) = olga.get(f"{V1}/invites").json()
    assert invite["note"] == "Tom"
    assert olga.delete(f"{V1}/invites/{invite['id']}").status_code == 200
    assert browser(app).get(made.json()["link"]).status_code == 404


def test_the_last_owner_stays_over_rest_too(olga: TestClient) -> None:
    assert olga.delete(f"{V1}/people/olga").status_code == 409
    assert olga.put(f"{V1}/people/olga", json={"role": "viewer"}).status_code == 409


def test_an_administrator_does_the_same_without_a_role(app: FastAPI) -> None:
    with open_session(app.state.engine, commit=True) as session:
        set_administrator(session, name="bea", is_administrator=True)
    bea = browser(app, app.state.ids["bea"])
    assert bea.post(HERE, data={"name": "rosa", "role": "owner"}).status_code == 303
    assert roles(app)["rosa"] == "owner"
