"""A browser is let in: with a login of its own, whatever it came with."""

from datetime import timedelta

from fastapi import Request
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.auth.cookie import put_secret
from app.settings import Settings
from app.store.accounts.logins import begin_login, end_login

SEE_OTHER = 303


def enter(
    session: Session,
    request: Request,
    *,
    account_id: int,
    settings: Settings,
    before: Actor | None,
) -> str:
    """The secret of a new login; the one that the browser had ends."""
    person = None if before is None else before.person
    if person is not None and person.login_id is not None:
        end_login(session, account_id=person.account_id, login_id=person.login_id)
    return begin_login(
        session,
        account_id=account_id,
        device=request.headers.get("user-agent", ""),
        lasts=timedelta(days=settings.login_days),
    )


def let_in(request: Request, secret: str, *, settings: Settings, to: str) -> RedirectResponse:
    """Carries the cookie, to a path of ours."""
    response = RedirectResponse(to, status_code=SEE_OTHER, headers={"Cache-Control": "no-store"})
    put_secret(request, response, secret, lasts=timedelta(days=settings.login_days))
    return response
