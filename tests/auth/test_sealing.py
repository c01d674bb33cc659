"""A sealed server lets out what an administrator has approved, and keeps what was looked at."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient

from app import sealed
from app.auth.sealing import Views
from app.bench.kept_circuits import fill_circuits
from app.main import create_app
from app.settings import Settings
from app.store.accounts.tokens import create_token
from app.store.engine import open_session
from tests.kept import synthetic_store
from tests.pages.team import ADDRESS, EVIL, add, browser
from tests.store.audit_log import rows

M = "/api/v1/models/synthetic"
TAKEN = f"{M}/explanations.jsonl"
WHAT_FOR = {"address": TAKEN, "purpose": "Figure 3"}
JSON = {"accept": "application/json"}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in sealed.QUIET:
        monkeypatch.setenv(name, "")
    synthetic_store(
        tmp_path, layers=1, neurons=8, heads=2, windows=24, window_length=16, exemplars_per_kind=2
    )
    return tmp_path


@pytest.fixture
def app(data: Path) -> Any:
    app = create_app(Settings(data=data, log_level="error", sealed=True))
    app.state.rosa = add(app, "rosa", role="reviewer")
    app.state.root = add(app, "root", is_administrator=True)
    app.state.vic = add(app, "vic", role="viewer")
    yield app
    sealed._Guard.hosts = None


@pytest.fixture
def rosa(app: FastAPI) -> TestClient:
    return browser(app, app.state.rosa)


@pytest.fixture
def root(app: FastAPI) -> TestClient:
    return browser(app, app.state.root)


def noted(app: FastAPI, action: str) -> list[dict[str, Any]]:
    return [row for row in rows(app.state.engine) if row["action"] == action]


def test_what_leaves_is_refused_with_where_to_ask(rosa: TestClient) -> None:
    answer = rosa.get(TAKEN, headers=JSON)
    assert answer.status_code == 403
    assert answer.json()["title"] == "This server is sealed"
    assert "/exports?address=%2Fapi%2Fv1" in answer.json()["hint"]


def test_a_link_leads_to_the_form_filled_in(rosa: TestClient) -> None:
    answer = rosa.get(TAKEN, headers={"sec-fetch-mode": "navigate", "sec-fetch-site": "none"})
    assert answer.status_code == 303
    page = rosa.get(answer.headers["location"])
    assert f'value="{TAKEN}"' in page.text


def test_what_is_approved_is_taken_out_by_whoever_asked_and_nobody_else(
    app: FastAPI, rosa: TestClient, root: TestClient
) -> None:
    assert rosa.post("/exports", data=WHAT_FOR).status_code == 303
    assert rosa.get(TAKEN, headers=JSON).status_code == 403
    assert "Figure 3" in root.get("/exports").text
    decided = root.post("/exports/1", data={"decision": "24", "words": "Fine."})
    assert decided.status_code == 303
    taken = rosa.get(TAKEN, headers=JSON)
    assert taken.status_code == 200
    assert taken.text.count("\n") > 3
    assert root.get(TAKEN, headers=JSON).status_code == 403
    (used,) = noted(app, "export.used")
    assert (used["actor"], used["subject"]) == ("rosa", "export 1")
    assert json.loads(used["after"]) == {"address": TAKEN, "purpose": "Figure 3"}
    page = rosa.get("/exports").text
    assert "approved until" in page
    assert "Fine." in page


def test_nothing_beside_what_was_approved_leaves(rosa: TestClient, root: TestClient) -> None:
    rosa.post("/exports", data=WHAT_FOR)
    root.post("/exports/1", data={"decision": "1"})
    for other in (f"{TAKEN}?site=mlp.0", f"{M}/explanations.csv", f"{M}/statistics"):
        assert rosa.get(other, headers=JSON).status_code == 403, other


def test_parameters_may_stand_in_any_order(rosa: TestClient, root: TestClient) -> None:
    here = f"{M}/statistics?site=mlp.0&format=csv"
    rosa.post("/exports", data={"address": here, "purpose": "x"})
    root.post("/exports/1", data={"decision": "1"})
    there = f"{M}/statistics?format=csv&site=mlp.0"
    assert rosa.get(there, headers=JSON).status_code == 200


def test_an_approval_ends(app: FastAPI, rosa: TestClient, root: TestClient) -> None:
    rosa.post("/exports", data=WHAT_FOR)
    root.post("/exports/1", data={"decision": "168"})
    with app.state.engine.begin() as connection:
        connection.execute(text("UPDATE exports SET expires_at = '2026-01-01 00:00:00.000000'"))
    assert rosa.get(TAKEN, headers=JSON).status_code == 403


def test_what_is_refused_stays_and_says_why(rosa: TestClient, root: TestClient) -> None:
    rosa.post("/exports", data=WHAT_FOR)
    root.post("/exports/1", data={"decision": "refuse", "words": "Not before the review."})
    assert rosa.get(TAKEN, headers=JSON).status_code == 403
    assert "Not before the review." in rosa.get("/exports").text
    assert root.post("/exports/1", data={"decision": "24"}).status_code == 409


def test_nobody_but_an_administrator_decides(app: FastAPI, rosa: TestClient) -> None:
    rosa.post("/exports", data=WHAT_FOR)
    assert rosa.post("/exports/1", data={"decision": "24"}).status_code == 403
    with open_session(app.state.engine, commit=True) as session:
        secret = create_token(
            session, account_id=app.state.root, name="t", scopes=["see", "export"], lasts=None
        )
    program = TestClient(app, base_url=ADDRESS, headers={"authorization": f"Bearer {secret}"})
    decision = "/api/v1/exports/1/decision"
    assert program.post(decision, json={"hours": 1}).status_code == 403


def test_whoever_may_not_export_cannot_ask_for_it(app: FastAPI, rosa: TestClient) -> None:
    assert browser(app, app.state.vic).post("/exports", data=WHAT_FOR).status_code == 403
    ada = browser(app, add(app, "ada", role="annotator"))
    assert ada.post("/exports", data=WHAT_FOR).status_code == 403
    assert ada.post("/exports", data=WHAT_FOR | {"address": f"{M}/circuits/none"}).status_code in (
        303, 404,
    )  # fmt: skip
    assert rosa.post("/exports", data=WHAT_FOR).status_code == 303


def test_requests_of_others_are_not_shown(app: FastAPI, rosa: TestClient) -> None:
    rosa.post("/exports", data=WHAT_FOR)
    ada = browser(app, add(app, "ada", role="annotator"))
    assert "Figure 3" not in ada.get("/exports").text
    assert ada.get("/api/v1/exports", headers=JSON).json()["items"] == []
    assert len(rosa.get("/api/v1/exports", headers=JSON).json()["items"]) == 1


@pytest.mark.parametrize(
    "address",
    ["/m/synthetic", "https://evil.example/api/v1/models/synthetic/statistics", "", "//[", "/etc"],
)
def test_what_does_not_leave_is_not_asked_for(rosa: TestClient, address: str) -> None:
    answer = rosa.post("/exports", data={"address": address, "purpose": "x"})
    assert answer.status_code == 422
    assert "Nothing leaves this server at that address" in answer.text


def test_without_a_purpose_nothing_is_asked(rosa: TestClient) -> None:
    assert rosa.post("/exports", data={"address": TAKEN, "purpose": " "}).status_code == 422


def test_the_same_is_asked_once(rosa: TestClient) -> None:
    assert rosa.post("/exports", data=WHAT_FOR).status_code == 303
    assert rosa.post("/exports", data=WHAT_FOR).status_code == 409


def test_what_is_asked_in_words_is_text(rosa: TestClient, root: TestClient) -> None:
    rosa.post("/exports", data=WHAT_FOR | {"purpose": EVIL})
    assert "<script>alert" not in root.get("/exports").text


def test_the_local_owner_asks_and_decides_too(data: Path) -> None:
    app = create_app(Settings(data=data, log_level="error", sealed=True))
    with TestClient(app, base_url=ADDRESS) as alone:
        assert alone.get(TAKEN).status_code == 403
        alone.post("/api/v1/exports", json=WHAT_FOR)
        alone.post("/api/v1/exports/1/decision", json={"hours": 1})
        assert alone.get(TAKEN).status_code == 200
    sealed._Guard.hosts = None


def test_what_is_looked_at_is_in_the_log_with_who_did(app: FastAPI, rosa: TestClient) -> None:
    rosa.get("/m/synthetic/mlp.0/1")
    rosa.get(f"{M}/sites/mlp.0/units/1", headers=JSON)
    seen = [(row["actor"], row["model"], row["subject"]) for row in noted(app, "view.seen")]
    assert ("rosa", "synthetic", "/m/synthetic/mlp.0/1") in seen
    assert ("rosa", "synthetic", f"{M}/sites/mlp.0/units/1") in seen


def test_what_asks_again_by_itself_is_noted_once(app: FastAPI, rosa: TestClient) -> None:
    for _ in range(3):
        rosa.get("/m/synthetic")
    assert len(noted(app, "view.seen")) == 1
    rosa.get("/m/synthetic/mlp.0")
    assert len(noted(app, "view.seen")) == 2


def test_what_is_refused_was_not_seen(app: FastAPI) -> None:
    stranger = browser(app, add(app, "olaf"))
    assert stranger.get("/m/synthetic").status_code == 404
    assert noted(app, "view.seen") == []


def test_what_the_model_is_asked_is_in_the_log(app: FastAPI, rosa: TestClient) -> None:
    with rosa:
        rosa.post(f"{M}/tokens", json={"prompts": [{"text": "a"}]}, headers=JSON)
    assert [row["subject"] for row in noted(app, "view.asked")] == [f"{M}/tokens"]


def test_where_nothing_can_be_noted_nothing_is_shown(app: FastAPI, rosa: TestClient) -> None:
    with app.state.engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit RENAME TO away"))
    answer = rosa.get("/m/synthetic", headers=JSON)
    assert answer.status_code >= 500
    assert "synthetic</code>" not in answer.text


def test_an_open_server_keeps_no_views_and_approves_nothing(data: Path) -> None:
    app = create_app(Settings(data=data, log_level="error"))
    rosa = browser(app, add(app, "rosa", role="reviewer"))
    assert rosa.get(TAKEN, headers=JSON).status_code == 200
    assert "not sealed" in rosa.get("/exports").text
    assert noted(app, "view.seen") == []


def test_a_graph_is_drawn_from_a_page_of_ours(app: FastAPI, rosa: TestClient) -> None:
    fill_circuits(app.state.engine, model="synthetic", layers=1, neurons=8, heads=2, nodes=10)
    assert rosa.get("/m/synthetic/circuits/names").status_code == 200
    assert rosa.get("/m/synthetic/circuits/names/graph", headers=JSON).status_code == 200
    assert rosa.get(f"{M}/circuits/names", headers=JSON).status_code == 403


def test_views_are_forgotten_after_a_while() -> None:
    views = Views()
    assert views.is_due("ada", "/")
    views.was_noted("ada", "/")
    assert not views.is_due("ada", "/")
    assert views.is_due("bea", "/")
