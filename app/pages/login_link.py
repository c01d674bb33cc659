"""`/login/{secret}`: an address that lets in once: as an account, to a new one, or to a new
password.

Looking at it uses nothing up: programs that look for harm in letters open every link in them.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.auth.entering import enter, let_in
from app.auth.gate import PasswordGate
from app.auth.passwords import SHORTEST
from app.auth.returning import HOME
from app.auth.visitor import Visitor
from app.dependencies import AppSettings, ReadSession, StoreWriter
from app.pages.blaming import FieldError, blamed
from app.rendering.answers import respond_once
from app.store.accounts.joining import join
from app.store.accounts.links import find_link, use_link
from app.store.accounts.logins import end_logins
from app.store.accounts.people import checked_full_name, get_account, set_password
from app.store.views.account import LinkView

router = APIRouter()

Secret = Annotated[str, Path(max_length=200)]


class ArrivalForm(BaseModel):
    """An invite asks for all of it, a reset for the password, a login link for nothing."""

    model_config = ConfigDict(extra="ignore")

    name: str = Field(default="", max_length=200)
    full_name: str = Field(default="", max_length=1_000)
    password: str = Field(default="", max_length=10_000)


@router.get("/login/{secret}")
def show_link(
    request: Request, session: ReadSession, gate: PasswordGate, visitor: Visitor, secret: Secret
) -> Response:
    gate.count()
    return show(request, find_link(session, secret=secret), visitor, ArrivalForm(), secret=secret)


@router.post("/login/{secret}")
def follow_link(
    request: Request,
    session: ReadSession,
    writer: StoreWriter,
    settings: AppSettings,
    gate: PasswordGate,
    visitor: Visitor,
    secret: Secret,
    form: Annotated[ArrivalForm, Form()],
) -> Response:
    gate.count()
    link = find_link(session, secret=secret)
    try:
        with blamed("full_name"):
            full_name = checked_full_name(form.full_name)
        with blamed("password"):
            password = "" if link.kind == "login" else gate.hashed(form.password)
        with writer.session() as writing:
            used = use_link(writing, secret=secret)
            account_id = arrive(writing, used, form.name, full_name, password)
            cookie = enter(
                writing, request, account_id=account_id, settings=settings, before=visitor
            )
    except FieldError as fault:
        return show(request, link, visitor, form, fault, secret=secret)
    return let_in(request, cookie, settings=settings, to=HOME)


def arrive(session: Session, link: LinkView, name: str, full_name: str, password: str) -> int:
    """The id of the account that the link leads to; made, or with its new password."""
    if link.account is None:
        with blamed("name"):
            return join(
                session, invite=link, name=name.strip(), full_name=full_name, password=password
            )
    account_id = get_account(session, name=link.account).id
    if link.kind == "reset":
        set_password(session, account_id=account_id, password=password)
        end_logins(session, account_id=account_id)
    return account_id


def show(
    request: Request,
    link: LinkView,
    visitor: Actor | None,
    form: ArrivalForm,
    fault: FieldError | None = None,
    *,
    secret: str,
) -> Response:
    person = None if visitor is None else visitor.person
    context = {
        "link": link,
        "other": None if person is None or person.name == link.account else person.name,
        "form": form,
        "secret": secret,
        "faults": {} if fault is None else fault.faults,
        "shortest": SHORTEST,
        "provider": request.app.state.provider.name,
    }
    template = f"login/{link.kind}.html"
    return respond_once(request, template, context, None if fault is None else fault.error)
