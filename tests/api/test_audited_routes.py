"""What can write, or sends a file, leaves a row of the audit log: routes are walked, calls made."""

import inspect

import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import text
from starlette.testclient import TestClient

from app.bench.kept_circuits import fill_circuits
from app.dependencies import get_engine, get_writer, open_write_session
from app.main import create_app
from app.security import SAFE_METHODS
from app.settings import Settings
from app.store.audit.verifying import verify
from tests.api.auditing import CALLS, Site
from tests.api.auditing_people import CALLS_OF_PEOPLE, sign_in
from tests.api.auditing_talk import CALLS_OF_TALK
from tests.api.not_audited import KEEPING_NOTHING, OTHERWISE
from tests.api.test_actor import calls
from tests.kept import synthetic_store
from tests.pages.playing import load
from tests.store.audit_log import rows

WRITING = {get_writer, open_write_session}
WITHOUT_A_WRITER = {
    "PUT /api/graph-uploads/{token}": "the file is removed again, or kept by save-to-db",
    "POST /api/graph/list-owned": "reads",
}
BY_PEOPLE = CALLS_OF_PEOPLE | CALLS_OF_TALK
SAYING_ENOUGH = ("export.script", "export.task")


@pytest.fixture
def on(tmp_path):
    synthetic_store(
        tmp_path, layers=1, neurons=8, heads=2, windows=24, window_length=16, exemplars_per_kind=2
    )
    app = create_app(Settings(data=tmp_path, log_level="error"))
    fill_circuits(app.state.engine, model="synthetic", layers=1, neurons=8, heads=2)
    with app.state.engine.begin() as connection:  # as many as the graph has that is imported
        connection.execute(text("UPDATE models SET n_layers = 4 WHERE name = 'synthetic'"))
    with TestClient(app, follow_redirects=False) as client:
        load(client)
        yield Site(client)


def named_routes(app):
    """`POST /path`, and the route; with a slash at its end a path is the same."""
    for route in iter_route_contexts(app.routes):
        if getattr(route, "dependant", None) is not None and route.endpoint is not None:
            for method in route.methods or ():
                yield f"{method} {route.path.rstrip('/') or '/'}", route


def test_whatever_can_write_to_the_store_is_tried_here_or_named_with_a_reason(empty_app):
    writing = {
        name for name, route in named_routes(empty_app) if WRITING & {*calls(route.dependant)}
    }
    assert len(writing) > 50
    assert writing == CALLS.keys() | BY_PEOPLE.keys() | OTHERWISE.keys() | KEEPING_NOTHING


def test_a_route_that_changes_something_has_a_writer_or_no_store_but_to_read(empty_app):
    past_it = {
        name
        for name, route in named_routes(empty_app)
        if name.partition(" ")[0] not in SAFE_METHODS
        and get_engine in {call.call for call in route.dependant.dependencies}
        and not WRITING & {*calls(route.dependant)}
    }
    assert past_it <= WITHOUT_A_WRITER.keys()


def test_every_file_that_is_sent_is_an_export_that_is_tried(empty_app):
    sending = {
        name
        for name, route in named_routes(empty_app)
        if any(
            word in inspect.getsource(route.endpoint)
            for word in ("Content-Disposition", "answer_file(", "StreamingResponse(")
        )
        and name.startswith("GET ")
    } - {"GET /api/v1/jobs/{job_id}/events", "GET /api/v1/events"}
    exports = {name for name, (action, _) in CALLS.items() if action.startswith("export.")}
    assert len(exports) == 8
    assert sending == exports


@pytest.mark.parametrize("name", CALLS)
def test_a_call_leaves_a_row_that_says_what_was_done(on, name):
    action, call = CALLS[name]
    answer = call(on)
    assert answer.status_code in (200, 201, 202, 303), answer.text
    row = rows(on.engine)[-1]
    assert (row["action"], row["actor"]) == (action, "local owner")
    assert row["model"] in ("synthetic", "gpt") or action.startswith("list.")
    assert row["before"] or row["after"] or action in SAYING_ENOUGH
    assert verify(on.engine).fault is None


@pytest.mark.parametrize("name", BY_PEOPLE)
def test_what_lets_people_in_or_do_things_leaves_a_row(on, name):
    action, actor, call = BY_PEOPLE[name]
    answer = call(on)
    assert answer.status_code in (200, 201, 303), answer.text
    row = rows(on.engine)[-1]
    assert (row["action"], row["actor"]) == (action, actor)
    assert verify(on.engine).fault is None


def test_a_password_that_is_wrong_leaves_a_row_without_it(on):
    assert sign_in(on, "not this one at all").status_code == 422
    row = rows(on.engine)[-1]
    assert (row["action"], row["subject"]) == ("login.refused", "account root")
    assert "not this one" not in repr(rows(on.engine))


def test_what_keeps_nothing_leaves_none(on):
    before = len(rows(on.engine))
    for path, body in (
        ("tokens", {"prompts": [{"text": "a"}]}),
        ("activations", {"site": "mlp.0", "index": 1, "prompts": [{"text": "a"}]}),
    ):
        on.client.post(f"/api/v1/models/synthetic/{path}", json=body)
    assert len(rows(on.engine)) == before


def test_a_call_that_is_refused_leaves_none(on):
    before = len(rows(on.engine))
    for path in ("explanations/999999/withdraw", f"jobs/{0:032}/cancel", "runs/999999/show"):
        assert on.client.post(f"/api/v1/{path}").status_code == 404
    assert on.client.get("/api/v1/models/none/statistics").status_code == 404
    assert len(rows(on.engine)) == before


def test_an_artifact_that_the_client_has_is_no_export(on):
    run, sha256 = on.artifact
    path = f"/api/v1/runs/{run}/artifacts/{sha256}"
    tag = on.client.get(path).headers["etag"]
    before = len(rows(on.engine))
    assert on.client.get(path, headers={"if-none-match": tag}).status_code == 304
    assert len(rows(on.engine)) == before
    assert on.client.get(path, headers={"range": "bytes=0-9"}).status_code == 206
    assert len(rows(on.engine)) == before + 1


def test_an_export_that_cannot_be_noted_is_not_sent(on):
    with on.engine.begin() as connection:  # forward: the database itself refuses only the other way
        connection.execute(text("UPDATE audit_head SET last_id = last_id + 1"))
    answer = on.client.get("/api/v1/models/synthetic/statistics")
    assert answer.status_code == 503
    assert "audit log" in answer.json()["detail"]
