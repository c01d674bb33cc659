"""`/exports`: what is to leave a sealed server: asked for with a purpose, approved or refused.

Everybody sees their own requests; administrators see everybody's, and decide.
"""

from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from app.auth.actor import Actor, CurrentActor
from app.auth.leaving import asked_to_leave
from app.dependencies import AppSettings, StoreEngine, StoreWriter, WriteSession
from app.errors import PatchclampError
from app.fields import RowId
from app.rendering.answers import respond_once
from app.settings import Settings
from app.store.engine import open_session
from app.store.queries.export import LONGEST_WORDS, ask_export, decide_export, list_exports

router = APIRouter()

HERE: Final = "/exports"


class AskForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    address: str = Field(default="", max_length=4_000)
    purpose: str = Field(default="", max_length=10_000)


class DecideForm(BaseModel):
    """`decision`: for so many hours, or not at all."""

    model_config = ConfigDict(extra="ignore")

    decision: Literal["1", "24", "168", "refuse"]
    words: str = Field(default="", max_length=10_000)

    @property
    def lasts(self) -> timedelta | None:
        return None if self.decision == "refuse" else timedelta(hours=int(self.decision))


@router.get(HERE)
async def show_exports(
    request: Request,
    engine: StoreEngine,
    actor: CurrentActor,
    settings: AppSettings,
    address: Annotated[str, Query(max_length=4_000)] = "",
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    form = AskForm(address=address)
    context = await run_in_threadpool(_context, engine, actor, settings, form, cursor)
    return respond_once(request, "export/page.html", context)


@router.post(HERE)
async def ask_for_export(
    request: Request,
    engine: StoreEngine,
    writer: StoreWriter,
    actor: CurrentActor,
    settings: AppSettings,
    form: Annotated[AskForm, Form()],
) -> Response:
    try:
        address, model = await asked_to_leave(request, actor, form.address)
        await writer.write(
            lambda session: ask_export(
                session, actor=actor.name, address=address, model=model, purpose=form.purpose
            )
        )
    except PatchclampError as error:
        context = await run_in_threadpool(_context, engine, actor, settings, form, None)
        return respond_once(request, "export/page.html", {**context, "error": error}, error)
    return RedirectResponse(HERE, status_code=303)


@router.post(HERE + "/{export_id}")
def decide_on_export(
    session: WriteSession,
    actor: CurrentActor,
    export_id: RowId,
    form: Annotated[DecideForm, Form()],
) -> RedirectResponse:
    decide_export(
        session, export_id=export_id, actor=actor.name, words=form.words, lasts=form.lasts
    )
    return RedirectResponse(HERE, status_code=303)


def _context(
    engine: Engine, actor: Actor, settings: Settings, form: AskForm, cursor: str | None
) -> dict[str, Any]:
    whose = None if actor.is_administrator else actor.name
    with open_session(engine) as session:
        waiting = list_exports(session, actor=whose, status="waiting", limit=200).items
        page = list_exports(session, actor=whose, cursor=cursor)
    return {
        "sealed": settings.sealed,
        "me": actor.name,
        "form": form,
        "error": None,
        "waiting": waiting,
        "page": page,
        "longest": LONGEST_WORDS,
    }
