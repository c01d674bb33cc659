"""`/m/{model}/people`: who has which role with one model, and who is invited to it.

For whoever owns the model, and for administrators. Accounts are added by their exact name: nobody
is shown the names of others who have nothing to do with the model.
"""

from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app.auth.actor import Actor, CurrentActor
from app.dependencies import ReadSession, StoreWriter, WriteSession
from app.errors import PatchclampError
from app.fields import RowId
from app.pages.blaming import FieldError, blamed
from app.pages.people import address_of
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond_once
from app.store.accounts.links import LONGEST_NOTE, create_invite
from app.store.accounts.members import ROLES
from app.store.accounts.team import change_role, invites_of, list_members, withdraw_invite_of
from app.store.views.account import Role

router = APIRouter()

HERE: Final = "/m/{model}/people"


class MemberForm(BaseModel):
    """`role` none: takes it away."""

    model_config = ConfigDict(extra="ignore")

    name: str = Field(default="", max_length=200)
    role: Role | Literal["none"] = "annotator"


class ModelInviteForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    role: Role = "annotator"
    days: Literal["1", "7", "30"] = "7"
    note: str = Field(default="", max_length=1_000)


@router.get(HERE)
def show_model_people(
    request: Request, session: ReadSession, actor: CurrentActor, model: str
) -> Response:
    return show(request, session, actor, model)


@router.post(HERE)
def give_model_role(
    request: Request,
    session: ReadSession,
    writer: StoreWriter,
    actor: CurrentActor,
    model: str,
    form: Annotated[MemberForm, Form()],
) -> Response:
    name, role = form.name.strip().lower(), None if form.role == "none" else form.role
    try:
        with blamed("name"), writer.session() as writing:
            change_role(writing, model=model, name=name, role=role)
    except FieldError as fault:
        return show(request, session, actor, model, member=form, fault=fault)
    return back(model)


@router.post(HERE + "/invites")
def invite_to_model(
    request: Request,
    session: ReadSession,
    writer: StoreWriter,
    actor: CurrentActor,
    model: str,
    form: Annotated[ModelInviteForm, Form()],
) -> Response:
    try:
        with blamed("note"), writer.session() as writing:
            secret = create_invite(
                writing,
                role=form.role,
                model=model,
                note=form.note,
                lasts=timedelta(days=int(form.days)),
                actor=actor.name,
            )
    except FieldError as fault:
        return show(request, session, actor, model, invite=form, fault=fault)
    return show(request, session, actor, model, made=address_of(request, secret))


@router.post(HERE + "/invites/{link_id}/withdraw")
def withdraw_model_invite(
    session: WriteSession,
    actor: CurrentActor,  # noqa: ARG001 - who may
    model: str,
    link_id: RowId,
) -> RedirectResponse:
    withdraw_invite_of(session, model=model, link_id=link_id)
    return back(model)


def back(model: str) -> RedirectResponse:
    return RedirectResponse(ModelPages(model).people(), status_code=303)


def show(
    request: Request,
    session: Session,
    actor: Actor,
    model: str,
    *,
    fault: FieldError | None = None,
    **more: Any,  # noqa: ANN401 - forms as they were sent, and what was made
) -> Response:
    context = {
        "pages": ModelPages(model),
        "me": actor,
        "members": list_members(session, model=model),
        "invites": invites_of(session, model=model),
        "roles": ROLES[::-1],
        "member": MemberForm(),
        "invite": ModelInviteForm(),
        "faults": {} if fault is None else fault.faults,
        "made": None,
        "longest_note": LONGEST_NOTE,
        **more,
    }
    error: PatchclampError | None = None if fault is None else fault.error
    return respond_once(request, "people/model.html", context, error)
