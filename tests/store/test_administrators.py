"""There is always somebody who may run the server."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from app.errors import BadRequestError, ConflictError, NotFoundError
from app.store.accounts.links import create_link, list_invites
from app.store.accounts.people import (
    create_account,
    disable,
    get_account,
    local_owner,
    set_administrator,
)
from app.store.engine import open_session


@pytest.fixture(autouse=True)
def _accounts(engine: Engine) -> None:
    with open_session(engine, commit=True) as session:
        local_owner(session)
        create_account(session, name="ada", is_administrator=True)
        create_account(session, name="bea")


def switch(engine: Engine, name: str, *, on: bool) -> None:
    with open_session(engine, commit=True) as session:
        set_administrator(session, name=name, is_administrator=on)


def is_administrator(engine: Engine, name: str) -> bool:
    with open_session(engine) as session:
        return get_account(session, name=name).is_administrator


def test_an_administrator_is_made_and_unmade(engine: Engine) -> None:
    switch(engine, "bea", on=True)
    assert is_administrator(engine, "bea")
    switch(engine, "ada", on=False)
    assert not is_administrator(engine, "ada")


def test_the_only_one_stays(engine: Engine) -> None:
    with pytest.raises(ConflictError, match="only administrator"):
        switch(engine, "ada", on=False)
    with pytest.raises(ConflictError), open_session(engine, commit=True) as session:
        disable(session, name="ada")
    assert is_administrator(engine, "ada")


def test_who_is_none_can_be_unmade_and_disabled_beside_the_only_one(engine: Engine) -> None:
    switch(engine, "bea", on=False)
    with open_session(engine, commit=True) as session:
        disable(session, name="bea")
    assert not is_administrator(engine, "bea")


def test_nobody_is_made_administrator_who_is_not_there(engine: Engine) -> None:
    with pytest.raises(NotFoundError):
        switch(engine, "cy", on=True)


@pytest.mark.parametrize("note", ["x" * 201, "a\0b", "a\u202eb"])
def test_a_note_of_a_link_is_short_and_prints(engine: Engine, note: str) -> None:
    with pytest.raises(BadRequestError), open_session(engine, commit=True) as session:
        create_link(session, kind="invite", lasts=timedelta(days=1), actor="ada", note=note)
    with open_session(engine) as session:
        assert list_invites(session) == []
