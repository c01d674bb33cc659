"""`/audit`: who did what, when; for administrators. Verified where somebody asks for it."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from app.auth.actor import CurrentActor
from app.dependencies import ReadSession, StoreEngine
from app.errors import BadRequestError
from app.rendering.answers import respond
from app.store.audit.verifying import AT_ONCE, verify
from app.store.queries.audit import Wanted, list_audit
from app.store.views.audit import AuditLine

router = APIRouter()

KINDS: Final = (
    "account", "audit", "bookmark", "campaign", "circuit", "comment", "corpus", "experiment",
    "explanation", "explanations", "export", "inbox", "job", "link", "list", "login", "model",
    "pools", "proof", "role", "run", "task", "token", "vector", "view",
)  # fmt: skip
"""What comes before the dot of actions."""

Field = Annotated[str | None, Query(max_length=200)]


def get_wanted(
    actor: Field = None,
    action: Field = None,
    model: Field = None,
    subject: Field = None,
    since: Field = None,
    until: Field = None,
) -> Wanted:
    """As the form of the page sends it: empty fields ask for nothing."""
    return Wanted(
        actor or None,
        action or None,
        model or None,
        subject or None,
        _moment(since),
        _moment(until),
    )


@router.get("/audit")
def show_audit_log(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    wanted: Annotated[Wanted, Depends(get_wanted)],
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    actor.require_administrator()
    page = list_audit(session, wanted=wanted, cursor=cursor)
    context = {
        "page": page,
        "rows": [(line, differences(line)) for line in page.items],
        "wanted": wanted,
        "kinds": KINDS,
        "query": dict(request.query_params) | {"cursor": page.next_cursor},
    }
    return respond(request, "audit/page.html", context)


@router.get("/audit/verification")
def show_verification(request: Request, engine: StoreEngine, actor: CurrentActor) -> Response:
    actor.require_administrator()
    context = {"found": verify(engine, newest=AT_ONCE)}
    return respond(request, "audit/verification.html", context)


def differences(line: AuditLine) -> list[tuple[str, object, object]]:
    """Name, before, after, of all that the row tells; None where it tells nothing."""
    before, after = _named(line.before), _named(line.after)
    return [(name, before.get(name), after.get(name)) for name in {**before, **after}]


def _named(told: object) -> dict[str, object]:
    if told is None:
        return {}
    return told if isinstance(told, dict) else {"": told}


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise BadRequestError(
            f"{text!r} is no moment.", hint="Write 2026-11-23 or 2026-11-23T10:00; it is in UTC."
        ) from error
