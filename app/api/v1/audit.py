"""The audit log, for administrators: read newest first, verified on demand."""

import re
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BeforeValidator

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.parameters import NAME, Cursor, Limit
from app.auth.actor import CurrentActor
from app.dependencies import ReadSession, StoreEngine
from app.store.audit.verifying import AT_ONCE, verify
from app.store.queries.audit import Wanted, list_audit
from app.store.views.audit import AuditLine, AuditVerification
from app.store.views.base import Page

router = APIRouter(prefix="/api/v1/audit", tags=["operations"], responses=problems_of(403))

LONGEST: Final = 200


def refuse_numbers(given: object) -> object:
    """Pydantic would take them for seconds since 1970."""
    if isinstance(given, str) and not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", given):
        raise ValueError("write it as 2026-11-23T10:00:00Z")
    return given


Moment = Annotated[datetime, BeforeValidator(refuse_numbers)]


@router.get("", response_model=Page[AuditLine], summary="Read the audit log")
def read_audit_log(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    by: Annotated[
        str | None,
        Query(alias="actor", description="Only by them.", max_length=LONGEST, examples=["ada"]),
    ] = None,
    action: Annotated[
        str | None,
        Query(
            description="Only this, or what begins so before its dot.",
            max_length=LONGEST,
            examples=["explanation.withdrawn", "export"],
        ),
    ] = None,
    model: Annotated[
        str | None,
        Query(description="Only of this model.", pattern=NAME, examples=["smollm2-135m-instruct"]),
    ] = None,
    subject: Annotated[
        str | None,
        Query(
            description="Only where the subject has this in it.",
            max_length=LONGEST,
            examples=["explanation 7"],
        ),
    ] = None,
    since: Annotated[
        Moment | None,
        Query(description="From then on; UTC without a zone.", examples=["2026-11-23T10:00:00Z"]),
    ] = None,
    until: Annotated[
        Moment | None,
        Query(description="Until before then.", examples=["2026-11-24T10:00:00Z"]),
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Every write and export, newest first: who, with which token, what, before and after. For
    administrators."""
    actor.require_administrator()
    wanted = Wanted(by, action, model, subject, since, until)
    return answer(request, list_audit(session, wanted=wanted, limit=limit, cursor=cursor))


@router.get("/verification", response_model=AuditVerification, summary="Verify the audit log")
def verify_audit_log(request: Request, engine: StoreEngine, actor: CurrentActor) -> Response:
    """Reads the newest 100,000 rows now and compares every seal; `patchclamp audit verify` reads
    all. `fault` is the first difference, null where there is none. For administrators."""
    actor.require_administrator()
    return answer(request, verify(engine, newest=AT_ONCE))
