"""`/people`: who has an account on this server, who is invited, and how the first account is made.

For administrators, and for the local owner while nobody has an account.
"""

from datetime import timedelta
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app.auth.actor import Actor, CurrentActor
from app.auth.entering import enter, let_in
from app.auth.gate import PasswordGate
from app.auth.passwords import SHORTEST
from app.dependencies import AppSettings, ReadSession, StoreWriter, WriteSession
from app.errors import ConflictError
from app.fields import RowId
from app.pages.blaming import FieldError, blamed
from app.rendering.answers import respond_once
from app.store.accounts.links import LONGEST_NOTE, create_invite, list_invites, withdraw_link
from app.store.accounts.members import ROLES
from app.store.accounts.people import (
    checked_full_name,
    create_account,
    has_administrator,
    list_accounts,
)
from app.store.queries.model import list_models
from app.store.views.account import LOCAL_OWNER, Role

router = APIRouter()

HERE: Final = "/people"


async def get_administrator(actor: CurrentActor) -> Actor:
    """Raises ForbiddenError."""
    actor.require_administrator()
    return actor


Administrator = Annotated[Actor, Depends(get_administrator)]


class FirstForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str = Field(default="", max_length=200)
    full_name: str = Field(default="", max_length=1_000)
    password: str = Field(default="", max_length=10_000)


class InviteForm(BaseModel):
    """`model` empty: every model."""

    model_config = ConfigDict(extra="ignore")

    role: Role = "annotator"
    model: str = Field(default="", max_length=200)
    days: Literal["1", "7", "30"] = "7"
    note: str = Field(default="", max_length=1_000)


@router.get(HERE)
def show_people(request: Request, session: ReadSession, administrator: Administrator) -> Response:
    return show(request, session, administrator)


@router.post(HERE + "/first")
def make_first_account(
    request: Request,
    session: ReadSession,
    writer: StoreWriter,
    settings: AppSettings,
    gate: PasswordGate,
    administrator: Administrator,
    form: Annotated[FirstForm, Form()],
) -> Response:
    """An administrator, as whom this browser is signed in; from then on everybody signs in."""
    try:
        with blamed("full_name"):
            full_name = checked_full_name(form.full_name)
        with blamed("password"):
            password = gate.hashed(form.password)
        with writer.session() as writing, blamed("name"):
            account_id = create_first(
                writing, name=form.name.strip(), full_name=full_name, password=password
            )
            secret = enter(
                writing, request, account_id=account_id, settings=settings, before=administrator
            )
    except FieldError as fault:
        return show(request, session, administrator, first=form, fault=fault)
    request.app.state.doors.close()
    return let_in(request, secret, settings=settings, to=HERE)


@router.post(HERE + "/invites")
def make_invite(
    request: Request,
    session: ReadSession,
    writer: StoreWriter,
    administrator: Administrator,
    form: Annotated[InviteForm, Form()],
) -> Response:
    try:
        with blamed("note"), writer.session() as writing:
            secret = create_invite(
                writing,
                role=form.role,
                model=form.model or None,
                note=form.note,
                lasts=timedelta(days=int(form.days)),
                actor=administrator.name,
            )
    except FieldError as fault:
        return show(request, session, administrator, invite=form, fault=fault)
    return show(request, session, administrator, made=address_of(request, secret))


@router.post(HERE + "/invites/{link_id}/withdraw")
def withdraw_invite(
    session: WriteSession,
    administrator: Administrator,  # noqa: ARG001 - who may
    link_id: RowId,
) -> RedirectResponse:
    withdraw_link(session, link_id=link_id)
    return RedirectResponse(HERE + "#invites", status_code=303)


def create_first(session: Session, *, name: str, full_name: str, password: str) -> int:
    """The id of an administrator's account. Raises ConflictError where there is one already."""
    if has_administrator(session):
        raise ConflictError("There is an administrator already.", hint="Sign in as one.")
    return create_account(
        session, name=name, full_name=full_name, password=password, is_administrator=True
    )


def address_of(request: Request, secret: str) -> str:
    """Of a link, as it is sent to somebody."""
    return f"{request.base_url}login/{secret}"


def show(
    request: Request,
    session: Session,
    administrator: Actor,
    *,
    first: FirstForm | None = None,
    invite: InviteForm | None = None,
    fault: FieldError | None = None,
    made: str | None = None,
) -> Response:
    context = {
        "administrator": administrator,
        "local_owner": LOCAL_OWNER,
        "is_first": not has_administrator(session),
        "accounts": list_accounts(session),
        "invites": list_invites(session),
        "models": [model.name for model in list_models(session)],
        "roles": ROLES[::-1],
        "first": first or FirstForm(),
        "invite": invite or InviteForm(),
        "faults": {} if fault is None else fault.faults,
        "made": made,
        "shortest": SHORTEST,
        "longest_note": LONGEST_NOTE,
    }
    return respond_once(
        request, "people/page.html", context, None if fault is None else fault.error
    )
