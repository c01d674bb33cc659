"""`/login` and `/logout`: a name and a password let in, or somebody goes.

Whoever tries learns nothing but whether both were right: neither what of it was wrong, nor whether
there is such an account.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from app.auth.actor import CurrentActor
from app.auth.cookie import take_secret
from app.auth.entering import SEE_OTHER, enter, let_in
from app.auth.gate import PasswordGate
from app.auth.returning import ours
from app.auth.visitor import Visitor
from app.dependencies import AppSettings, ReadSession, StoreWriter, Writer, WriteSession
from app.errors import BadRequestError, PatchclampError
from app.rendering.answers import respond_once
from app.store.accounts.logins import end_login, refuse_login

router = APIRouter()

WRONG: Final = "This name and this password do not belong together."


class LoginForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str = Field(default="", max_length=200)
    password: str = Field(default="", max_length=10_000)
    next: str = Field(default="", max_length=4_000)

    @property
    def account(self) -> str:
        """Names are in lower case, and keyboards begin with a capital."""
        return self.name.strip().lower()


@router.get("/login")
def show_login(
    request: Request,
    visitor: Visitor,
    next_: Annotated[str, Query(alias="next", max_length=4_000)] = "",
) -> Response:
    form = LoginForm(next=ours(next_))
    provider = request.app.state.provider.name
    context = {"visitor": visitor, "form": form, "error": None, "provider": provider}
    return respond_once(request, "login/page.html", context)


@router.post("/login")
def sign_in(
    request: Request,
    session: ReadSession,
    writer: StoreWriter,
    settings: AppSettings,
    gate: PasswordGate,
    visitor: Visitor,
    form: Annotated[LoginForm, Form()],
) -> Response:
    to = ours(form.next)
    try:
        account_id = gate.account_of(session, name=form.account, password=form.password)
        if account_id is None:
            _note_refusal(writer, request, form.account)
            raise BadRequestError(WRONG, hint="Whoever runs this server can send a new password.")
    except PatchclampError as error:
        kept = LoginForm(name=form.name, next=to)
        provider = request.app.state.provider.name
        context = {"visitor": None, "form": kept, "error": error, "provider": provider}
        return respond_once(request, "login/page.html", context, error)
    with writer.session() as writing:
        secret = enter(writing, request, account_id=account_id, settings=settings, before=visitor)
    return let_in(request, secret, settings=settings, to=to)


@router.post("/logout")
def sign_out(request: Request, session: WriteSession, actor: CurrentActor) -> RedirectResponse:
    person = actor.person
    if person is not None and person.login_id is not None:
        end_login(session, account_id=person.account_id, login_id=person.login_id)
    response = RedirectResponse("/login", status_code=SEE_OTHER)
    take_secret(request, response)
    return response


def _note_refusal(writer: Writer, request: Request, name: str) -> None:
    """In the audit log, after as much work whether or not there is such an account."""
    with writer.session() as session:
        refuse_login(session, name=name, device=request.headers.get("user-agent", ""))
