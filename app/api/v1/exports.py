"""What is to leave a sealed server: asked for, listed, decided."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.parameters import LARGEST, Cursor, Limit
from app.auth.actor import CurrentActor
from app.auth.leaving import asked_to_leave
from app.dependencies import ReadSession, StoreWriter, WriteSession
from app.store.queries.export import (
    LONGEST_ADDRESS,
    LONGEST_WORDS,
    ask_export,
    decide_export,
    list_exports,
)
from app.store.views.base import Page
from app.store.views.export import ExportView

router = APIRouter(prefix="/api/v1/exports", tags=["operations"], responses=problems_of())

ExportId = Annotated[
    int, Path(description="Number of the request.", ge=1, le=LARGEST, examples=[1])
]


class ExportBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str = Field(
        min_length=1, max_length=LONGEST_ADDRESS,
        description="Path and query of what is to be taken out.",
        examples=["/api/v1/models/smollm2-135m-instruct/explanations.jsonl"],
    )  # fmt: skip
    purpose: str = Field(
        min_length=1, max_length=LONGEST_WORDS, description="What it is for, and where it goes.",
        examples=["Figure 3 of the paper"],
    )  # fmt: skip


class DecisionBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    hours: int | None = Field(
        ge=1, le=168, description="So long it may be taken out; null: it may not.", examples=[24]
    )
    words: str = Field(
        default="", max_length=LONGEST_WORDS, description="What whoever asked is told.",
        examples=["Without the names, please."],
    )  # fmt: skip


@router.get("", response_model=Page[ExportView], summary="List requests for exports")
def list_asked_exports(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Newest first: one's own, for administrators everybody's."""
    whose = None if actor.is_administrator else actor.name
    return answer(request, list_exports(session, actor=whose, limit=limit, cursor=cursor))


@router.post(
    "", status_code=201, summary="Ask for an export",
    responses=problems_of(400, 403, 404, 409, 413, 429),
)  # fmt: skip
async def ask_for_an_export(
    request: Request,
    writer: StoreWriter,
    actor: CurrentActor,
    body: Annotated[ExportBody, Body(description="What, and what for.")],
) -> ExportView:
    """In sealed mode what leaves the server needs an administrator's approval. Once it has it, the
    same address answers whoever asked for it, for as long as the approval says."""
    address, model = await asked_to_leave(request, actor, body.address)
    return await writer.write(
        lambda session: ask_export(
            session, actor=actor.name, address=address, model=model, purpose=body.purpose
        )
    )


@router.post(
    "/{export_id}/decision", summary="Approve or refuse an export",
    responses=problems_of(400, 403, 404, 409, 413),
)  # fmt: skip
def decide_on_an_export(
    session: WriteSession,
    actor: CurrentActor,
    export_id: ExportId,
    body: Annotated[DecisionBody, Body(description="For how long, and why.")],
) -> ExportView:
    """For administrators, in a browser: no token does it."""
    lasts = None if body.hours is None else timedelta(hours=body.hours)
    return decide_export(
        session, export_id=export_id, actor=actor.name, words=body.words, lasts=lasts
    )
