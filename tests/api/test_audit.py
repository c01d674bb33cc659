"""The audit log over REST: read by administrators, narrowed, paged, verified."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.store.accounts.logins import begin_login
from app.store.accounts.people import create_account
from app.store.accounts.tokens import create_token
from app.store.audit.noting import note
from app.store.engine import open_session
from tests.kept import migrate
from tests.store.audit_log import fill, tampering

AUDIT = "/api/v1/audit"
HOUR = timedelta(hours=1)


@pytest.fixture
def log(empty_app, empty):
    """Five rows of ada's and two of others'."""
    fill(empty_app.state.engine, 5)
    with open_session(empty_app.state.engine, commit=True) as session:
        note(session, actor="bob", action="export.circuit", model="toy", subject="circuit 50%_off")
        note(session, action="explanations.imported", model="other", subject="file a.jsonl")
    return empty


def ids(client, **query):
    answer = client.get(AUDIT, params=query)
    assert answer.status_code == 200, answer.text
    return [line["id"] for line in answer.json()["items"]]


def test_whoever_is_alone_on_the_machine_reads_it_newest_first(log):
    assert ids(log) == [7, 6, 5, 4, 3, 2, 1]
    line = log.get(AUDIT).json()["items"][-1]
    assert line.keys() == {
        "id", "at", "actor", "token", "action", "model", "subject", "before", "after", "seal",
    }  # fmt: skip
    assert (line["before"], line["after"]) == ({"status": "current"}, {"status": "withdrawn"})


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"actor": "bob"}, [6]),
        ({"action": "explanation.withdrawn"}, [5, 4, 3, 2, 1]),
        ({"action": "explanation"}, [5, 4, 3, 2, 1]),
        ({"action": "export"}, [6]),
        ({"action": "exp"}, []),
        ({"action": "%"}, []),
        ({"model": "other"}, [7]),
        ({"subject": "explanation 3"}, [3]),
        ({"subject": "50%_off"}, [6]),
        ({"subject": "5_%off"}, []),
        ({"actor": "ada", "subject": "2"}, [2]),
        ({"actor": "nobody\0"}, []),
        ({"since": "2020-01-01T00:00:00Z"}, [7, 6, 5, 4, 3, 2, 1]),
        ({"since": "2999-01-01T00:00:00Z"}, []),
        ({"until": "2020-01-01T00:00:00+05:00"}, []),
        ({"until": "2999-01-01T00:00:00"}, [7, 6, 5, 4, 3, 2, 1]),
    ],
)
def test_it_is_narrowed(log, query, found):
    assert ids(log, **query) == found


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "0.5", "1790000000", "today"])
def test_what_is_no_moment_in_utc_is_refused(log, moment):
    assert log.get(AUDIT, params={"since": moment}).status_code == 422


def test_it_is_paged_to_its_end_while_more_is_written(log, empty_app):
    seen, cursor = [], None
    while True:
        page = log.get(AUDIT, params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
        seen += [line["id"] for line in page["items"]]
        cursor = page["next_cursor"]
        fill(empty_app.state.engine, 1)
        if cursor is None:
            break
    assert seen == [7, 6, 5, 4, 3, 2, 1]


def test_it_is_verified_now(log, empty_app):
    found = log.get(f"{AUDIT}/verification").json()
    assert (found["fault"], found["n_rows"], found["last_id"]) == (None, 7, 7)
    with tampering(empty_app.state.engine) as connection:
        connection.execute(text("DELETE FROM audit WHERE id = 4"))
    assert log.get(f"{AUDIT}/verification").json()["fault"] == "Row 4 is missing."


@pytest.fixture
def team(tmp_path):
    """A server where people have accounts; a cookie or token for each of some."""
    app = create_app(Settings(data=tmp_path, log_level="error", login="always"))
    migrate(app.state.engine)
    with open_session(app.state.engine, commit=True) as session:
        root = create_account(session, name="root", is_administrator=True)
        ada = create_account(session, name="ada")
        shown = {
            "root": {"cookie": f"patchclamp-8765={_login(session, root)}"},
            "ada": {"cookie": f"patchclamp-8765={_login(session, ada)}"},
            "a token of root's": {
                "authorization": "Bearer "
                + create_token(session, account_id=root, name="t", scopes=["see"], lasts=HOUR)
            },
            "nobody": {},
        }
    with TestClient(app, base_url="http://localhost:8765") as client:
        yield client, shown


def _login(session, account_id):
    return begin_login(session, account_id=account_id, device="", lasts=HOUR)


@pytest.mark.parametrize(
    ("who", "status"), [("root", 200), ("ada", 403), ("a token of root's", 403), ("nobody", 401)]
)
@pytest.mark.parametrize("path", [AUDIT, f"{AUDIT}/verification", "/audit", "/audit/verification"])
def test_only_administrators_read_it(team, who, status, path):
    client, shown = team
    answer = client.get(path, headers=shown[who] | {"accept": "application/json"})
    assert answer.status_code == status
    if status != 200:
        assert "account.created" not in answer.text


def test_a_write_over_rest_has_the_name_of_who_asked_and_of_their_token(team):
    client, shown = team
    with open_session(client.app.state.engine, commit=True) as session:
        token = create_token(
            session, account_id=1, name="nightly build", scopes=["annotate", "see"], lasts=HOUR
        )
    for who in ({"authorization": f"Bearer {token}"}, shown["root"]):
        headers = who | {"origin": "http://localhost:8765"}
        assert client.post("/api/v1/lists", json={"name": "A"}, headers=headers).status_code == 201
    lines = client.get(AUDIT, params={"action": "list"}, headers=shown["root"]).json()["items"]
    assert [(line["actor"], line["token"]) for line in lines] == [
        ("root", None), ("root", "nightly build"),
    ]  # fmt: skip
    assert datetime.now(UTC) - datetime.fromisoformat(lines[0]["at"]) < timedelta(minutes=5)
