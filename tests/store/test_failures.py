"""What a driver's error tells the user."""

import psycopg
import pytest

from app.store.failures import unavailable


def test_of_a_deadlock_it_is_not_said_that_the_server_cannot_be_reached():
    told = unavailable(psycopg.errors.DeadlockDetected("deadlock detected"), name="the store")
    assert told is not None
    assert "deadlock" in told.public
    assert "reached" not in told.detail
    assert told.hint == "Try again in a moment."
    assert told.retry_after is not None


@pytest.mark.parametrize("said", ["connection refused", ""])
def test_an_operational_error_of_no_known_kind_is_a_server_out_of_reach(said: str):
    told = unavailable(psycopg.OperationalError(said), name="the store")
    assert told is not None
    assert "cannot be reached" in told.public
