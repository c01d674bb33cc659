"""The attack list: a test for each line, here or where it is named. Zero findings is the figure."""

import csv
import io
import json
import re
import socket
import time
import typing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from sqlalchemy import text
from starlette.testclient import TestClient

from app import security
from app.bench.serving import serving
from app.main import create_app
from app.settings import Settings
from app.store.accounts.links import create_link
from app.store.accounts.tokens import create_token
from app.store.engine import open_session
from tests.contracts.tree import ROOT
from tests.kept import synthetic_store
from tests.pages.team import (
    ADDRESS,
    COOKIE,
    DAY,
    PASSWORD,
    add,
    app_of_ada,
    browser,
    carry,
    link,
    whoever,
)

ELSEWHERE = {
    "a forged session": "pages/test_signing_in.py::test_a_forged_cookie_lets_nobody_in",
    "a replayed session": "pages/test_signing_in.py::test_signing_out_ends_the_login_itself",
    "a planted session":
        "pages/test_signing_in.py::test_a_cookie_that_somebody_planted_is_not_kept",
    "a forged token": "auth/test_identifying.py::test_what_is_forged_lets_nobody_in",
    "a revoked token":
        "auth/test_identifying.py::test_a_revoked_token_lets_nobody_in_though_a_cookie_would",
    "a request from another origin":
        "api/test_security.py::test_a_write_from_another_site_is_refused",
    "a login from another origin":
        "pages/test_signing_in.py::test_no_other_site_signs_anybody_in_or_out",
    "a foreign Host": "api/test_security.py::test_a_foreign_host_name_is_refused",
    "two Hosts": "api/test_security.py::test_two_host_headers_are_refused",
    "path injection": "pages/test_escaping.py::test_paths_with_tricks_are_not_found",
    "reflected script": "pages/test_escaping.py::test_what_is_asked_for_is_not_echoed_as_markup",
    "stored script": "attacks/test_stored_script.py::test_no_script_that_somebody_stored_runs",
    "access by guessed id": "auth/routes/test_guessed_ids.py::"
        "test_what_may_not_be_seen_is_answered_as_what_does_not_exist",
    "access without the role": "auth/routes/test_matrix.py::"
        "test_everybody_may_do_with_a_model_what_the_table_says",
    "an oversized body": "api/test_security.py::test_a_body_that_declares_too_much_is_refused",
    "an oversized body of unknown length":
        "api/test_security.py::test_a_chunked_body_that_grows_too_large_is_refused",
    "the body of a stranger": "auth/routes/test_bodies.py::test_the_body_of_a_stranger_is_not_read",
    "login flooding":
        "pages/test_signing_in.py::test_a_flood_of_tries_is_slowed_down_whatever_is_tried",
    "enumeration": "pages/test_signing_in.py::"
        "test_wrong_names_wrong_passwords_and_disabled_accounts_read_alike",
    "invite reuse": "store/test_accounts.py::test_of_many_who_use_a_link_at_once_one_comes_in",
    "an open redirect": "pages/test_signing_in.py::test_nobody_is_led_elsewhere_after_signing_in",
    "an expired lease": "store/test_assigning.py::"
        "test_a_place_whose_lease_ran_out_is_given_to_somebody_else_once_no_other_is_free",
    "a forged state of a provider":
        "auth/oidc/test_signing_in_by_a_provider.py::test_a_forged_state_is_refused",
    "a lying provider":
        "auth/oidc/test_signing_in_by_a_provider.py::test_a_token_that_is_not_ours_is_refused",
    "an offer of what is refused":
        "auth/routes/test_offers.py::test_nothing_on_a_page_leads_to_a_refusal",
    "blindness undone by a token": "attacks/test_blindness.py::"
        "test_whoever_may_be_asked_is_told_nothing_by_any_way_in",
    "an invite that outlives its maker":
        "store/test_accounts.py::test_invites_end_with_whoever_sent_them",
    "a link of another kind as an invite": "auth/oidc/test_signing_in_by_a_provider.py::"
        "test_no_other_link_makes_an_account_though_the_browser_says_it_is_an_invite",
    "a file that unpacks to lines without end": "exchange/test_judgements.py::"
        "test_a_file_of_blank_lines_is_not_read_to_its_end",
    "reading that leaves no row": "auth/routes/test_needs.py::"
        "test_whatever_is_read_by_post_is_kept_in_the_log_of_a_sealed_server",
    "a secret in the log": "auth/test_identifying.py::test_no_secret_is_in_the_log",
    "a changed log": "store/audit/test_verifying.py::test_",
}  # fmt: skip
MODEL = "/api/v1/models/synthetic"
JSON = {"accept": "application/json"}
FORMULAS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "＝1+1",
    "＠SUM(A1)",
    '=HYPERLINK("http://evil.example")',
)


@pytest.mark.parametrize("line", ELSEWHERE)
def test_each_line_has_a_test(line: str) -> None:
    file, _, name = ELSEWHERE[line].partition("::")
    assert f"def {name}" in (ROOT / "tests" / file).read_text()


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    return app_of_ada(tmp_path)


# header injection


@pytest.mark.parametrize("evil", ["\r\nset-cookie: a=b", "%0d%0aset-cookie:%20a=b", "\nx: y"])
def test_a_header_cannot_be_injected(app: FastAPI, evil: str) -> None:
    ada = browser(app, app.state.ada)
    answers = [
        ada.get("/login", params={"next": f"/{evil}"}),
        browser(app).post("/login", data={"name": "ada", "password": PASSWORD, "next": f"/{evil}"}),
        ada.get("/jump", params={"q": f"mlp.0/1{evil}", "model": "synthetic"}),
        ada.get(f"{MODEL}/explanations.jsonl", params={"site": f"mlp.0{evil}"}),
        browser(app).get(f"/m/synthetic/{'mlp.0'}", params={"split": evil}),
    ]
    for answer in answers:
        cookies = [c for c in answer.headers.get_list("set-cookie") if not c.startswith(COOKIE)]
        assert cookies == []
        assert "x" not in answer.headers
        assert all("\r" not in v and "\n" not in v for v in answer.headers.values())


@pytest.mark.parametrize(
    "header", ["x-forwarded-host", "x-original-url", "x-rewrite-url", "x-http-method-override"]
)
def test_a_header_of_proxies_leads_nowhere_else(app: FastAPI, header: str) -> None:
    ada = browser(app, app.state.ada)
    answer = ada.get("/account", headers={header: "evil.example/people"})
    assert answer.status_code == 200
    assert "evil.example" not in answer.text


# CSV formulas


def test_no_cell_of_a_table_is_a_formula(app: FastAPI) -> None:
    owner = browser(app, add(app, "olga", role="owner"))
    for formula in FORMULAS:
        made = owner.post(f"{MODEL}/sites/mlp.0/units/1/explanations", json={"text": formula})
        assert made.status_code == 201, made.text
    for number in range(1, 30):
        owner.put(
            f"/api/v1/explanations/{number}/judgement",
            json={"verdict": "accept", "tags": ["=1+1"], "note": "=cmd|' /C calc'!A0"},
        )
    n_read = 0
    for path in csv_exports(app):
        answer = owner.get(path, headers=JSON)
        assert answer.status_code == 200, (path, answer.text[:300])
        n_read += 1
        for row in csv.reader(io.StringIO(answer.text)):
            for cell in row:
                assert not re.match(r"[=+@\t\r\n＝＋－＠]|-(?![0-9.])", cell), (path, cell)
                assert "\n=" not in cell.replace("\r", "")[:2]
    assert n_read >= 3


def csv_exports(app: FastAPI) -> list[str]:
    """Addresses of all tables, by what routes say that they write."""
    found = []
    for route in iter_route_contexts(app.routes):
        path = str(route.path)
        if not path.startswith(MODEL.replace("synthetic", "{model}")) or "GET" not in (
            route.methods or ()
        ):
            continue
        filled = path.replace("{model}", "synthetic")
        if filled.endswith(".{form}"):
            found.append(filled.replace("{form}", "csv"))
        elif path.endswith("/statistics"):
            found.append(f"{filled}?site=mlp.0&format=csv")
    return found


# mass assignment


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Itself, or those of a union."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from models_in(part)


def bodies(app: FastAPI) -> Iterator[tuple[str, type[BaseModel]]]:
    """Of every route, those models that a body or a form is read into."""
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)
        for param in dependant.body_params if dependant is not None else ():
            for model in models_in(param.field_info.annotation):
                yield f"{sorted(route.methods or ())} {route.path}", model


def test_no_body_takes_what_it_does_not_name(app: FastAPI) -> None:
    found = dict(bodies(app))
    assert len(found) > 50
    open_ = [name for name, model in found.items() if model.model_config.get("extra") == "allow"]
    assert open_ == []


def test_no_body_names_what_only_the_server_says(app: FastAPI) -> None:
    """Who acts, when, as whose account, and whether they may do everything."""
    ours = {"actor", "author", "created_at", "created_by", "account_id", "is_administrator",
            "decided_by", "expires_at", "digest", "seal"}  # fmt: skip
    found = {name: sorted(ours & set(model.model_fields)) for name, model in bodies(app)}
    named = {name: fields for name, fields in found.items() if fields}
    assert named == {"['POST'] /m/{model}/campaigns": ["author"]}, "whose claims are handed out"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/account/tokens", {"name": "t", "scopes": ["see"], "account_id": 1}),
        (f"{MODEL}/sites/mlp.0/units/1/explanations", {"text": "Cats.", "author": "root"}),
        (f"{MODEL}/vectors", {"site": "resid.0", "label": "a", "values": [1.0], "actor": "root"}),
        ("/api/v1/lists", {"name": "a", "actor": "root"}),
    ],
)
def test_a_field_too_many_is_refused(app: FastAPI, path: str, body: dict[str, Any]) -> None:
    answer = browser(app, app.state.ada).post(path, json=body, headers=JSON)
    assert answer.status_code == 422, answer.text


def test_a_form_with_fields_too_many_gives_nothing(app: FastAPI) -> None:
    there = link(app, "invite", role="viewer")
    new = browser(app)
    sent = {"name": "eve", "password": PASSWORD, "is_administrator": "true", "role": "owner"}
    assert new.post(there, data=sent).status_code == 303
    assert new.get("/people").status_code == 403
    assert new.get("/api/v1/account").json()["roles"] == [{"model": None, "role": "viewer"}]


# slow bodies


def test_a_client_that_drips_bytes_is_cut_off(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(security, "BODY_SECONDS", 0.5)
    with serving(app) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), 10) as sent:
            sent.sendall(
                f"POST /login HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 1000\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode()
            )
            began = time.monotonic()
            answer = b""
            sent.settimeout(0.1)
            while not answer and time.monotonic() - began < 10:
                try:
                    sent.sendall(b"a")
                    answer = sent.recv(4096)
                except TimeoutError:
                    continue
            assert answer.startswith(b"HTTP/1.1 408"), answer
            assert time.monotonic() - began < 5


# expired everything


def test_an_expired_login_lets_nobody_in(app: FastAPI) -> None:
    ada = browser(app, app.state.ada)
    assert whoever(ada) == "ada"
    expire(app, "logins")
    assert whoever(ada) is None


def test_a_login_that_was_ended_is_not_replayed(app: FastAPI) -> None:
    ada = browser(app, app.state.ada)
    secret = ada.cookies[COOKIE]
    ada.post("/logout")
    again = browser(app)
    carry(again, secret)
    assert whoever(again) is None


def test_an_expired_token_lets_nobody_in(app: FastAPI) -> None:
    with open_session(app.state.engine, commit=True) as session:
        secret = create_token(
            session, account_id=app.state.ada, name="t", scopes=["see"], lasts=timedelta(days=1)
        )
    program = TestClient(app, base_url=ADDRESS, headers={"authorization": f"Bearer {secret}"})
    assert program.get(MODEL).status_code == 200
    expire(app, "tokens")
    assert program.get(MODEL).status_code == 401


@pytest.mark.parametrize("kind", ["login", "invite", "reset"])
def test_an_expired_link_does_nothing(app: FastAPI, kind: Any) -> None:
    account = None if kind == "invite" else app.state.ada
    with open_session(app.state.engine, commit=True) as session:
        secret = create_link(
            session, kind=kind, lasts=DAY, actor="ada", account_id=account, role="viewer"
        )
    expire(app, "links")
    new = browser(app)
    sent = {"name": "eve", "password": "a password of mine"}
    assert new.get(f"/login/{secret}").status_code == 404
    assert new.post(f"/login/{secret}", data=sent).status_code == 404
    assert whoever(new) is None


def expire(app: FastAPI, table: str) -> None:
    past = datetime(2026, 1, 1, tzinfo=UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    with app.state.engine.begin() as connection:
        done = connection.execute(text(f"UPDATE {table} SET expires_at = '{past}'"))  # noqa: S608
        assert done.rowcount


def test_a_link_cannot_be_made_to_last(app: FastAPI) -> None:
    """Not by asking for a longer one than is offered."""
    owner = browser(app, add(app, "root", is_administrator=True))
    sent = {"role": "viewer", "days": "9999"}
    assert owner.post("/people/invites", data=sent, headers=JSON).status_code == 422
    answer = owner.post(f"{MODEL}/invites", json={"role": "viewer", "days": 9999}, headers=JSON)
    assert answer.status_code == 422


def test_a_deep_or_huge_json_breaks_nothing(app: FastAPI) -> None:
    with browser(app, app.state.ada) as ada:
        send_what_is_deep(ada)


def send_what_is_deep(ada: TestClient) -> None:
    for content in (b"[" * 100_000, b'{"a":' * 50_000, b"9" * 5_000, b'"' + b"\\ud800" + b'"'):
        answer = ada.post(
            f"{MODEL}/tokens", content=content,
            headers={**JSON, "content-type": "application/json"},
        )  # fmt: skip
        assert answer.status_code in (400, 422), (content[:20], answer.status_code)
        assert json.loads(answer.text)["status"] == answer.status_code


def test_alone_ends_at_once_for_whoever_writes(tmp_path: Path) -> None:
    """Somebody on the machine makes the first account while another browser is there."""
    app = create_app(Settings(data=tmp_path, log_level="error"))
    synthetic_store(
        tmp_path, layers=1, neurons=8, heads=2, windows=24, window_length=16, exemplars_per_kind=2
    )
    stranger = TestClient(app, base_url=ADDRESS)
    assert stranger.get(MODEL).status_code == 200
    add(app, "root", is_administrator=True)
    written = stranger.post(f"{MODEL}/sites/mlp.0/units/1/explanations", json={"text": "Cats."})
    assert written.status_code == 401
