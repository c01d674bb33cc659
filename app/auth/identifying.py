"""Who stands behind a request: by the token that it shows, the cookie that it carries, or by there
being nobody else.

A token that is shown counts before a cookie. Whether anybody has an account is asked of the store
again each second until somebody has, and whenever somebody writes; then never again, because
accounts are not deleted.
"""

import time
from contextlib import suppress
from typing import Final, Literal

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Engine

from app.auth.cookie import secret_in
from app.errors import UnavailableError
from app.store.accounts.logins import note_seen, person_of_login
from app.store.accounts.people import somebody_else
from app.store.accounts.tokens import PREFIX, note_used, person_of_token
from app.store.engine import open_session
from app.store.views.account import Person

AGAIN_SECONDS: Final = 1.0

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})

Found = Person | Literal["alone", "nobody", "refused"]


class Doors:
    """Whether one may come in without saying who one is; of one application."""

    def __init__(self, engine: Engine, *, always: bool) -> None:
        self._engine = engine
        self._closed = always
        self._asked_at = float("-inf")

    def close(self) -> None:
        """Somebody has an account from now on: nobody waits for the next time that it is asked."""
        self._closed = True

    def are_closed(self, *, surely: bool = False) -> bool:
        """Asks the store, at most once a second; `surely`: whenever they are not known to be."""
        now = time.monotonic()
        if not self._closed and (surely or now - self._asked_at >= AGAIN_SECONDS):
            with open_session(self._engine) as session:
                self._closed = somebody_else(session)
            self._asked_at = now
        return self._closed

    @property
    def were_closed(self) -> bool | None:
        """The same without asking; None: it is time to ask."""
        if self._closed:
            return True
        return False if time.monotonic() - self._asked_at < AGAIN_SECONDS else None


async def identify(request: Request) -> Found:
    """`refused`: a secret was shown that lets nobody in."""
    doors: Doors = request.app.state.doors
    token, cookie = _token_in(request), secret_in(request)
    writes = request.method not in READING
    if token is None and cookie is None and doors.were_closed is not None:
        if doors.were_closed:
            return "nobody"
        if not writes:
            return "alone"
    engine: Engine = request.app.state.engine
    return await run_in_threadpool(_identified, engine, doors, token, cookie, writes)


def _identified(
    engine: Engine, doors: Doors, token: str | None, cookie: str | None, writes: bool
) -> Found:
    """Whoever writes is asked surely: nobody does so as the owner once another has an account."""
    if token is not None and (token.startswith(PREFIX) or doors.are_closed()):
        return _by_token(engine, token) or "refused"
    person = None if cookie is None else _by_login(engine, cookie)
    if person is not None:
        return person
    if not doors.are_closed(surely=writes):
        return "alone"
    return "nobody" if cookie is None else "refused"


def _by_token(engine: Engine, secret: str) -> Person | None:
    with open_session(engine) as session:
        found = person_of_token(session, secret=secret)
    return _noted(engine, found)


def _by_login(engine: Engine, secret: str) -> Person | None:
    with open_session(engine) as session:
        found = person_of_login(session, secret=secret)
    return _noted(engine, found)


def _noted(engine: Engine, found: tuple[Person, bool] | None) -> Person | None:
    """Nobody is kept out because the store cannot be written to."""
    if found is None:
        return None
    person, is_due = found
    if is_due:
        with suppress(UnavailableError), open_session(engine, commit=True) as session:
            if person.token_id is not None:
                note_used(session, token_id=person.token_id)
            elif person.login_id is not None:
                note_seen(session, login_id=person.login_id)
    return person


def _token_in(request: Request) -> str | None:
    """As we document it, or as Neuronpedia's clients send it."""
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and shown.strip():
        return shown.strip()
    return request.headers.get("x-api-key") or None
