"""What a sealed server lets out, and what it keeps of what was looked at.

What leaves in bulk or whole (`Need.leaves`) is let out where an administrator has approved exactly
this address for whoever asks, and else not. Everything else that is read is noted in the audit log
before it is shown, once a minute for the same address: pages ask again by themselves.
"""

import time
from typing import Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import HTTPException
from sqlalchemy import Engine

from app.auth.actor import Actor
from app.auth.need import Need, Who
from app.auth.rights import Right
from app.errors import SealedError
from app.store.audit.noting import note
from app.store.engine import open_session
from app.store.queries.export import exactly, use_export

AGAIN_SECONDS: Final = 60.0
LONGEST: Final = 500
"""Characters of an address that are kept."""
MOST_KNOWN: Final = 10_000
QUIET: Final = frozenset({"/jobs/running", "/glossary", "/api/docs", "/api/openapi.json"})
"""Nothing of a model is in them."""
READING: Final = frozenset({"GET", "HEAD"})


class Views:
    """What was noted lately; of one application."""

    def __init__(self) -> None:
        self._noted: dict[tuple[str, str], float] = {}

    def is_due(self, actor: str, address: str) -> bool:
        now = time.monotonic()
        if len(self._noted) >= MOST_KNOWN:
            self._noted = {k: at for k, at in self._noted.items() if now - at < AGAIN_SECONDS}
        return now - self._noted.get((actor, address), float("-inf")) >= AGAIN_SECONDS

    def was_noted(self, actor: str, address: str) -> None:
        self._noted[actor, address] = time.monotonic()


async def keep_sealed(request: Request, actor: Actor, need: Need) -> None:
    """Raises SealedError of what may not leave; UnavailableError where nothing can be noted."""
    engine: Engine = request.app.state.engine
    address = exactly(request.scope["path"], request.url.query)
    if need.leaves:
        if request.method not in READING:
            raise SealedError(
                "What is taken out of this sealed server is asked for by its address.",
                hint="Ask for it by GET: docs/team.md says how exports are approved.",
            )
        if not await run_in_threadpool(_let_out, engine, actor, address):
            _refuse(request, address)
    elif _is_viewing(request, need):
        views: Views = request.app.state.views
        if views.is_due(actor.name, address):
            await run_in_threadpool(_note_view, engine, actor, request, address)
            views.was_noted(actor.name, address)


def _let_out(engine: Engine, actor: Actor, address: str) -> bool:
    with open_session(engine, commit=True, by=actor.by) as session:
        return use_export(session, actor=actor.name, address=address)


def _refuse(request: Request, address: str) -> None:
    """Browsers are led to where it is asked for."""
    asking = "/exports?" + urlencode({"address": address})
    if request.headers.get("sec-fetch-mode") == "navigate":
        raise HTTPException(303, headers={"Location": asking})
    raise SealedError(
        "This leaves the server, which is sealed: no administrator has approved it.",
        hint=f"Ask for it, and say what for, at {asking}",
    )


def _is_viewing(request: Request, need: Need) -> bool:
    if request.url.path in QUIET or need.right is Who.ANYBODY:
        return False
    return request.method in READING or need.right in (Right.SEE, Right.RUN)


def _note_view(engine: Engine, actor: Actor, request: Request, address: str) -> None:
    model = request.path_params.get("model")
    kind = "asked" if request.method not in READING else "seen"
    with open_session(engine, commit=True, by=actor.by) as session:
        note(session, action=f"view.{kind}", subject=address[:LONGEST], model=model)
