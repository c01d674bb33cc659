"""`/account`: who I am here, what I may do, and what lets me in."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app.auth.actor import Actor, CurrentActor
from app.auth.gate import Gate, PasswordGate
from app.auth.passwords import SHORTEST
from app.auth.rights import Right
from app.auth.signed_in import AccountHolder
from app.dependencies import ReadSession, StoreWriter, WriteSession
from app.errors import BadRequestError, ConflictError, NotFoundError
from app.fields import RowId
from app.pages.blaming import FieldError, blamed
from app.rendering.answers import respond_once
from app.store.accounts.logins import end_login, end_logins, list_logins
from app.store.accounts.people import get_account, password_of, set_password
from app.store.accounts.tokens import list_tokens
from app.store.views.account import LOCAL_OWNER, Person

router = APIRouter()

HERE: Final = "/account"
LASTS: Final = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "a year", "never": "ever"}


class PasswordForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    old: str = Field(default="", max_length=10_000)
    password: str = Field(default="", max_length=10_000)


class TokenForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str = Field(default="", max_length=1_000)
    scopes: list[Right] = Field(default=[], max_length=len(Right))
    days: str = Field(default="90", max_length=10)


@router.get(HERE)
def show_account(
    request: Request, session: ReadSession, actor: CurrentActor, changed: bool = False
) -> Response:
    """`changed`: the password was."""
    return show(request, session, actor, changed=changed)


@router.post(HERE + "/password")
def change_password(
    request: Request,
    session: ReadSession,
    writer: StoreWriter,
    gate: PasswordGate,
    actor: CurrentActor,
    person: AccountHolder,
    form: Annotated[PasswordForm, Form()],
) -> Response:
    try:
        password = checked_password(session, gate, person, form)
    except FieldError as fault:
        return show(request, session, actor, fault=fault)
    with writer.session() as writing:
        set_password(writing, account_id=person.account_id, password=password)
        end_logins(writing, account_id=person.account_id, but=person.login_id)
    return RedirectResponse(HERE + "?changed=true#new-password", status_code=303)


@router.post(HERE + "/logins/{login_id}/end")
def end_one_login(
    session: WriteSession, person: AccountHolder, login_id: RowId
) -> RedirectResponse:
    if not end_login(session, account_id=person.account_id, login_id=login_id):
        raise NotFoundError("There is no such login.", hint="It may have ended already.")
    return RedirectResponse(HERE + "#logins", status_code=303)


@router.post(HERE + "/logins/end")
def end_other_logins(session: WriteSession, person: AccountHolder) -> RedirectResponse:
    end_logins(session, account_id=person.account_id, but=person.login_id)
    return RedirectResponse(HERE + "#logins", status_code=303)


def checked_password(session: Session, gate: Gate, person: Person, form: PasswordForm) -> str:
    """The new one, hashed; whoever has one says it first. Raises FieldError, ConflictError of the
    local owner, who has no name that one could sign in with."""
    if person.name == LOCAL_OWNER:
        raise ConflictError(
            "The local owner has no password.", hint="`patchclamp login-link` prints a link."
        )
    known = password_of(session, name=person.name)
    session.rollback()  # nobody's connection waits while a password is hashed
    with blamed("old"):
        gate.count(f"password of {person.name}")
        if known is not None and not gate.is_right(form.old, known[1]):
            raise BadRequestError("This is not your password.")
    with blamed("password"):
        return gate.hashed(form.password)


def show(
    request: Request,
    session: Session,
    actor: Actor,
    *,
    fault: FieldError | None = None,
    form: TokenForm | None = None,
    made: str | None = None,
    changed: bool = False,
) -> Response:
    person = actor.person
    context: dict[str, object] = {
        "person": person,
        "is_local_owner": actor.name == LOCAL_OWNER,
        "in_browser": person is not None and person.login_id is not None,
        "faults": {} if fault is None else fault.faults,
        "form": form or TokenForm(scopes=[Right.SEE]),
        "made": made,
        "changed": changed,
        "address": str(request.base_url).rstrip("/"),
        "rights": list(Right),
        "lasts": LASTS,
        "shortest": SHORTEST,
        "provider": request.app.state.provider.name,
        "account": None,
        "logins": [],
        "tokens": [],
    }
    if person is not None:
        context["account"] = get_account(session, name=person.name)
        context["logins"] = list_logins(session, account_id=person.account_id)
        context["tokens"] = list_tokens(session, account_id=person.account_id)
    return respond_once(
        request, "account/page.html", context, None if fault is None else fault.error
    )
