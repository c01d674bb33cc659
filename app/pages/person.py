"""`/people/{name}`: one account as administrators see it: roles, a new password, the way out."""

from datetime import timedelta
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app.dependencies import ReadSession, StoreWriter, WriteSession
from app.pages.people import HERE, Administrator, address_of
from app.rendering.answers import respond_once
from app.store.accounts.links import create_link
from app.store.accounts.members import ROLES, set_role
from app.store.accounts.people import NAME, disable, enable, get_account, set_administrator
from app.store.queries.model import list_models
from app.store.views.account import Role

router = APIRouter()

THIS: Final = HERE + "/{name}"
RESET_LASTS: Final = timedelta(days=1)

AccountName = Annotated[str, Path(pattern=NAME)]
"""Not the local owner's, who has no password and cannot be shut out of the machine."""


class RoleForm(BaseModel):
    """`model` empty: every model; `role` none: takes it away."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(default="", max_length=200)
    role: Role | Literal["none"]


class SwitchForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    on: bool


@router.get(THIS)
def show_person(
    request: Request,
    session: ReadSession,
    administrator: Administrator,  # noqa: ARG001 - who may
    name: AccountName,
) -> Response:
    return show(request, session, name)


@router.post(THIS + "/role")
def give_role(
    session: WriteSession,
    administrator: Administrator,  # noqa: ARG001
    name: AccountName,
    form: Annotated[RoleForm, Form()],
) -> RedirectResponse:
    role = None if form.role == "none" else form.role
    set_role(session, name=name, model=form.model or None, role=role)
    return back(name)


@router.post(THIS + "/administrator")
def switch_administrator(
    session: WriteSession,
    administrator: Administrator,  # noqa: ARG001
    name: AccountName,
    form: Annotated[SwitchForm, Form()],
) -> RedirectResponse:
    set_administrator(session, name=name, is_administrator=form.on)
    return back(name)


@router.post(THIS + "/enabled")
def switch_enabled(
    session: WriteSession,
    administrator: Administrator,  # noqa: ARG001
    name: AccountName,
    form: Annotated[SwitchForm, Form()],
) -> RedirectResponse:
    """Whoever is disabled is signed out, and stays so when they are enabled again."""
    if form.on:
        enable(session, name=name)
    else:
        disable(session, name=name)
    return back(name)


@router.post(THIS + "/reset")
def make_reset_link(
    request: Request,
    session: ReadSession,
    writer: StoreWriter,
    administrator: Administrator,
    name: AccountName,
) -> Response:
    with writer.session() as writing:
        secret = create_link(
            writing,
            kind="reset",
            lasts=RESET_LASTS,
            actor=administrator.name,
            account_id=get_account(writing, name=name).id,
        )
    return show(request, session, name, made=address_of(request, secret))


def back(name: str) -> RedirectResponse:
    return RedirectResponse(THIS.format(name=name), status_code=303)


def show(request: Request, session: Session, name: str, *, made: str | None = None) -> Response:
    context = {
        "account": get_account(session, name=name),
        "models": [model.name for model in list_models(session)],
        "roles": ROLES[::-1],
        "made": made,
    }
    return respond_once(request, "people/person.html", context)
