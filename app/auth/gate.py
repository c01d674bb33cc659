"""Passwords of one request: few are hashed at once, and nobody tries often."""

import re
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.auth.passwords import hashed, is_right
from app.auth.throttling import Throttle
from app.places import Places
from app.store.accounts.people import NAME, password_of


class Gate:
    """Hashing keeps a core busy: only to be asked in a thread."""

    def __init__(self, throttle: Throttle, places: Places, *, address: str) -> None:
        self._throttle = throttle
        self._places = places
        self._address = address

    def count(self, name: str | None = None) -> None:
        """A try, of a name or of a link. Raises TooManyError where there were too many."""
        self._throttle.check(address=self._address, name=name)

    def account_of(self, session: Session, *, name: str, password: str) -> int | None:
        """The id of the account that this name and password let in. None, for which it takes as
        long: there is none, it is disabled, it has no password, or another. TooManyError."""
        self.count(name)
        known = password_of(session, name=name) if re.fullmatch(NAME, name) else None
        session.rollback()  # nobody's connection waits while a password is hashed
        account_id, stored = known or (None, None)
        return account_id if self.is_right(password, stored) else None

    def is_right(self, password: str, known: str | None) -> bool:
        with self._places.taken():
            return is_right(password, known)

    def hashed(self, password: str) -> str:
        """Raises BadRequestError where it is too short, TooManyError."""
        with self._places.taken():
            return hashed(password)


async def get_gate(request: Request) -> Gate:
    state, client = request.app.state, request.client
    return Gate(state.throttle, state.passwords, address="" if client is None else client.host)


PasswordGate = Annotated[Gate, Depends(get_gate)]
