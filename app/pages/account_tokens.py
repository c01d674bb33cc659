"""Tokens at `/account`: what programs of mine show instead of a password."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from app.auth.actor import CurrentActor
from app.auth.signed_in import AccountHolder
from app.dependencies import ReadSession, StoreWriter, WriteSession
from app.errors import BadRequestError
from app.fields import RowId
from app.pages.account import HERE, LASTS, TokenForm, show
from app.pages.blaming import FieldError, blamed
from app.store.accounts.tokens import create_token, revoke_token

router = APIRouter()


@router.post(HERE + "/tokens")
def make_token(
    request: Request,
    session: ReadSession,
    writer: StoreWriter,
    actor: CurrentActor,
    person: AccountHolder,
    form: Annotated[TokenForm, Form()],
) -> Response:
    try:
        lasts = time_of(form)
        check_scopes(form)
        with blamed("token_name"), writer.session() as writing:
            made = create_token(
                writing,
                account_id=person.account_id,
                name=form.name,
                scopes=form.scopes,
                lasts=lasts,
            )
    except FieldError as fault:
        return show(request, session, actor, fault=fault, form=form)
    return show(request, session, actor, made=made)


@router.post(HERE + "/tokens/{token_id}/revoke")
def revoke_own_token(
    session: WriteSession, person: AccountHolder, token_id: RowId
) -> RedirectResponse:
    revoke_token(session, account_id=person.account_id, token_id=token_id)
    return RedirectResponse(HERE + "#tokens", status_code=303)


def check_scopes(form: TokenForm) -> None:
    """Raises FieldError."""
    with blamed("scopes"):
        if not form.scopes:
            raise BadRequestError("A token that may do nothing is of no use.", hint="Tick a box.")


def time_of(form: TokenForm) -> timedelta | None:
    """Raises FieldError."""
    with blamed("days"):
        if form.days not in LASTS:
            raise BadRequestError("Nobody offered that.", hint="Choose one of the list.")
    return None if form.days == "never" else timedelta(days=int(form.days))
