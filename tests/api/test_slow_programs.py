"""Programs that take too long, and writers that wait: nobody else is held up, nothing is lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.dependencies import WRITERS, WriterQueue
from app.main import create_app
from app.settings import Settings
from app.trials import claim
from tests.kept import synthetic_store

PAGE = "/m/synthetic/mlp.0/9/explanations"
LIST = "/api/v1/models/synthetic/sites/mlp.0/units/9/explanations"
QUICK = 'when token in {" the"} -> 1'
SLOW = "".join(f'when fading({n}) token in {{"{n}"}} -> 1\n' for n in range(1, 1001)) * 4


@pytest.fixture
def hurried(tmp_path: Path) -> FastAPI:
    """Programs have a fifth of a second, until they are given time; writers wait for as long."""
    app = create_app(Settings(data=tmp_path, log_level="error", program_seconds=0.2))
    synthetic_store(
        tmp_path, layers=1, neurons=12, heads=2, windows=60, window_length=64, exemplars_per_kind=2
    )
    app.state.writers = WriterQueue(seconds=0.2)
    return app


@pytest.fixture
def client(hurried: FastAPI) -> Iterator[TestClient]:
    with TestClient(hurried) as client:
        yield client


def give_time(app: FastAPI) -> None:
    """A short program is not done within a fifth of a second on a machine with other work."""
    app.state.settings = app.state.settings.model_copy(update={"program_seconds": 600})


@contextmanager
def all_turns_taken(client: TestClient, app: FastAPI) -> Iterator[None]:
    assert client.portal is not None
    for _ in range(WRITERS):
        client.portal.call(app.state.writers.enter)
    try:
        yield
    finally:
        for _ in range(WRITERS):
            client.portal.call(app.state.writers.leave)


def listed(client: TestClient) -> Any:
    return client.get(LIST).json()["items"]


def test_a_program_that_takes_too_long_is_ended_says_what_to_do_and_frees_its_place(
    hurried: FastAPI, client: TestClient
) -> None:
    before = listed(client)
    for path in ("/try", "", "/try", ""):  # more than there are places
        answer = client.post(f"{LIST}{path}", json={"program": SLOW})
        assert answer.status_code == 422
        problem = answer.json()
        assert problem["title"] == "The program takes too long"
        assert "not done after 0.2 seconds" in problem["detail"]
        assert "Write fewer rules" in problem["hint"]
    assert listed(client) == before
    give_time(hurried)
    assert client.post(LIST, json={"program": QUICK}).status_code == 201


def test_an_edit_that_takes_too_long_leaves_the_version_that_was_there(client: TestClient) -> None:
    number = client.post(LIST, json={"text": "Krakens."}).json()["id"]
    answer = client.post(f"/api/v1/explanations/{number}/versions", json={"program": SLOW})
    assert answer.status_code == 422
    assert client.get(f"/api/v1/explanations/{number}").json()["status"] == "current"


def test_a_form_keeps_a_program_that_takes_too_long(client: TestClient) -> None:
    for path in (f"{PAGE}/try", PAGE):
        answer = client.post(path, data={"program": SLOW, "text": "My words"})
        assert answer.status_code == 422
        assert "not done after 0.2 seconds" in answer.text
        assert "My words</textarea>" in answer.text
        assert "fading(1000)" in answer.text


def test_an_explanation_that_takes_too_long_to_run_is_shown_without_its_evidence(
    client: TestClient, tmp_path: Path
) -> None:
    patient = create_app(Settings(data=tmp_path, log_level="error", program_seconds=600))
    with TestClient(patient) as other:
        number = other.post(LIST, json={"program": SLOW}).json()["id"]
    found = client.get(f"/api/v1/explanations/{number}/evidence").json()
    assert found["simulation"] is None
    assert "not done after 0.2 seconds" in found["missing"]
    page = client.get(f"{PAGE}/{number}")
    assert page.status_code == 200
    assert "not done after 0.2 seconds" in page.text


def test_a_program_is_scored_before_its_writer_waits(hurried: FastAPI, client: TestClient) -> None:
    give_time(hurried)
    number = client.post(LIST, json={"text": "Krakens."}).json()["id"]
    addresses = (LIST, f"/api/v1/explanations/{number}/versions")
    with all_turns_taken(client, hurried):
        for address in addresses:
            wrong = client.post(address, json={"program": "when"})
            assert wrong.status_code == 422, "the program was read only after waiting"
            busy = client.post(address, json={"program": QUICK})
            assert busy.status_code == 503
            assert int(busy.headers["retry-after"]) > 0
    for address in addresses:
        assert client.post(address, json={"program": QUICK}).status_code == 201


def test_while_a_program_is_scored_no_turn_to_write_is_taken(
    hurried: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_time(hurried)
    free: list[int] = []
    score = claim.score_held_out

    def watched(*given: Any) -> Any:
        free.append(hurried.state.writers._turns.value)
        return score(*given)

    monkeypatch.setattr(claim, "score_held_out", watched)
    number = client.post(LIST, json={"program": QUICK}).json()["id"]
    client.post(f"/api/v1/explanations/{number}/versions", json={"program": QUICK})
    assert client.post(PAGE, data={"program": QUICK}).status_code == 200
    assert free == [WRITERS] * 3
    assert hurried.state.writers._turns.value == WRITERS


def test_a_form_keeps_what_was_written_while_the_store_is_busy(
    hurried: FastAPI, client: TestClient
) -> None:
    give_time(hurried)
    with all_turns_taken(client, hurried):
        answer = client.post(PAGE, data={"program": QUICK, "text": "My words"})
    assert answer.status_code == 503
    assert "The store is busy" in answer.text
    assert "My words</textarea>" in answer.text
