"""How units are distributed over a site: read once of a finished run, again of one that goes on."""

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from app.pages import distributions
from app.store.engine import begin
from app.store.tables import RunTable

UNIT = "/m/synthetic/mlp.0/3"


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each reading; every reading is too old for a run that goes on."""
    read, found = distributions._read, []

    def counted(*arguments: object) -> object:
        found.append(1)
        return read(*arguments)

    monkeypatch.setattr(distributions, "_read", counted)
    monkeypatch.setattr(distributions, "KEPT_SECONDS", -1.0)
    monkeypatch.setattr(distributions, "_kept", type(distributions._kept)())
    return found


def test_of_a_finished_run_they_are_read_once(pages: TestClient, readings: list[int]) -> None:
    for unit in (UNIT, UNIT, "/m/synthetic/mlp.2/5"):
        assert pages.get(unit).status_code == 200
    assert len(readings) == 1


def test_of_a_run_that_goes_on_they_are_read_again(
    own_pages: TestClient, readings: list[int]
) -> None:
    engine = own_pages.app.state.engine
    with begin(engine) as connection:
        connection.execute(update(RunTable).values(status="running", finished_at=None))
    for _ in range(2):
        assert own_pages.get(UNIT).status_code == 200
    with begin(engine) as connection:
        connection.execute(update(RunTable).values(status="failed"))
    assert own_pages.get(UNIT).status_code == 200
    assert len(readings) == 3
