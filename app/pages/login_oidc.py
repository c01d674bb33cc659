"""`/login/oidc`: to the OpenID Connect provider and back.

An account is found by issuer and subject alone. Somebody who is unknown here gets an account only
where the settings say so; one that is there is linked by whoever is signed in as it, or made by an
invite. Browsers are led on by a link after a form, because the policy of our pages lets no form
lead elsewhere, redirected or not.
"""

import re
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Depends, Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.auth.entering import SEE_OTHER, enter, let_in
from app.auth.gate import PasswordGate
from app.auth.oidc.attempt import Attempt, attempt_in, new_attempt, put_attempt, take_attempt
from app.auth.oidc.identity import Identity
from app.auth.oidc.provider import Provider
from app.auth.returning import HOME, ours
from app.auth.signed_in import AccountHolder
from app.auth.visitor import Visitor
from app.dependencies import AppSettings, ReadSession, StoreWriter, WriteSession
from app.errors import BadRequestError, ForbiddenError, PatchclampError
from app.pages.login import LoginForm
from app.pages.login_link import ArrivalForm
from app.rendering.answers import respond_once
from app.settings import Settings
from app.store.accounts.identities import (
    account_with,
    join_with,
    link_identity,
    unlink_identity,
    welcome,
)
from app.store.accounts.links import find_link, use_link
from app.store.accounts.members import role_called
from app.store.accounts.people import checked_full_name
from app.store.audit.noting import act_for

router = APIRouter()
log = structlog.get_logger("patchclamp.web")

BACK: Final = "/login/oidc/back"
CODE: Final = re.compile(r"[a-z_]{1,60}")
"""Of an error, as the provider says it."""

Secret = Annotated[str, Path(max_length=200)]
Said = Annotated[str, Query(max_length=4_000)]


async def get_provider(request: Request) -> Provider:
    provider: Provider = request.app.state.provider
    return provider


AskedProvider = Annotated[Provider, Depends(get_provider)]


@router.get("/login/oidc")
def go_to_provider(
    request: Request,
    provider: AskedProvider,
    gate: PasswordGate,
    next_: Annotated[str, Query(alias="next", max_length=4_000)] = "",
) -> Response:
    gate.count()
    attempt = new_attempt("enter", next=ours(next_))
    response: Response = RedirectResponse(_address(request, provider, attempt), SEE_OTHER)
    response.headers["Cache-Control"] = "no-store"
    put_attempt(request, response, attempt)
    return response


@router.post("/account/identity")
def begin_linking(request: Request, provider: AskedProvider, person: AccountHolder) -> Response:
    return _lead_on(request, provider, new_attempt("link", account_id=person.account_id))


@router.post("/account/identity/unlink")
def unlink(session: WriteSession, person: AccountHolder) -> RedirectResponse:
    unlink_identity(session, account_id=person.account_id)
    return RedirectResponse("/account#identity", SEE_OTHER)


@router.post("/login/{secret}/oidc")
def begin_joining(
    request: Request,
    session: ReadSession,
    provider: AskedProvider,
    gate: PasswordGate,
    secret: Secret,
    form: Annotated[ArrivalForm, Form()],
) -> Response:
    gate.count()
    link = find_link(session, secret=secret)
    if link.kind != "invite":
        raise BadRequestError("Only an invite makes an account.", hint="Open the link again.")
    return _lead_on(
        request, provider, new_attempt("join", invite=secret, name=form.name.strip()[:64])
    )


@router.get(BACK)
def come_back(
    request: Request,
    provider: AskedProvider,
    writer: StoreWriter,
    settings: AppSettings,
    gate: PasswordGate,
    visitor: Visitor,
    state: Said = "",
    code: Said = "",
    error: Said = "",
    iss: Said = "",
) -> Response:
    attempt = attempt_in(request)
    try:
        gate.count()
        known = _checked(settings, attempt, state=state, code=code, error=error, iss=iss)
        identity = provider.identity(
            code=code, nonce=known.nonce, verifier=known.verifier, back=_back(request)
        )
        with writer.session() as session:
            account_id = _account(session, known, identity, settings, visitor)
            secret = enter(
                session, request, account_id=account_id, settings=settings, before=visitor
            )
    except PatchclampError as refusal:
        log.warning("oidc.refused", reason=refusal.detail)
        response: Response = _told(request, refusal, settings)
    else:
        to = "/account#identity" if known.aim == "link" else ours(known.next) or HOME
        response = let_in(request, secret, settings=settings, to=to)
    take_attempt(request, response)
    return response


def _checked(
    settings: Settings, attempt: Attempt | None, *, state: str, code: str, error: str, iss: str
) -> Attempt:
    """Raises BadRequestError: what came back is not what set out from this browser."""
    if attempt is None or not attempt.fits(state):
        raise BadRequestError(
            "This did not begin in this browser, or more than ten minutes ago.",
            hint="Begin again with the button below; cookies must be allowed.",
        )
    if iss and iss != settings.oidc_issuer:
        raise BadRequestError("Another provider answered.", hint="Begin again.")
    if error:
        told = error if CODE.fullmatch(error) else "an error"
        raise BadRequestError(
            f"The provider let nobody in: {told}.",
            hint="Try again, or ask whoever runs the provider.",
        )
    if not code:
        raise BadRequestError("The provider sent no code.", hint="Begin again.")
    return attempt


def _account(
    session: Session,
    attempt: Attempt,
    identity: Identity,
    settings: Settings,
    visitor: Actor | None,
) -> int:
    """The id of the account that comes in. Raises ForbiddenError, and as the store's functions."""
    if attempt.aim == "link":
        return _linked(session, attempt, identity, visitor)
    if attempt.aim == "join":
        invite = use_link(session, secret=attempt.invite)
        return join_with(
            session, invite=invite, identity=identity.kept,
            name=attempt.name or identity.wished_name,
            full_name=checked_full_name(identity.full_name),
        )  # fmt: skip
    known = account_with(session, identity=identity.kept)
    if known is not None:
        if not known[1]:
            raise ForbiddenError("This account is disabled.", hint="Ask an administrator.")
        return known[0]
    role = None if settings.oidc_role is None else role_called(settings.oidc_role)
    if role is None:
        raise ForbiddenError(
            "Nobody here has this identity.",
            hint="Whoever has an account links it at /account, signed in; others need an invite.",
        )
    _check_domain(identity, settings)
    return welcome(
        session, identity=identity.kept, wished_name=identity.wished_name,
        full_name=checked_full_name(identity.full_name), role=role,
    )  # fmt: skip


def _linked(session: Session, attempt: Attempt, identity: Identity, visitor: Actor | None) -> int:
    person = None if visitor is None else visitor.person
    if (
        visitor is None
        or person is None
        or person.login_id is None
        or person.account_id != attempt.account_id
    ):
        raise ForbiddenError(
            "You are not signed in any more as whoever began this.",
            hint="Sign in, and link it again at /account.",
        )
    act_for(session, visitor.by)
    link_identity(session, account_id=person.account_id, identity=identity.kept)
    return person.account_id


def _check_domain(identity: Identity, settings: Settings) -> None:
    """Raises ForbiddenError. An address that nobody has verified counts for nothing."""
    domains = {domain.lower() for domain in settings.oidc_domains}
    domain = (identity.email or "").rpartition("@")[2]
    if domains and domain not in domains:
        raise ForbiddenError(
            "Your provider's account is not of a domain that is let in here.",
            hint="Ask an administrator for an invite.",
        )


def _lead_on(request: Request, provider: Provider, attempt: Attempt) -> Response:
    """A page with the link that goes to the provider."""
    context = {"address": _address(request, provider, attempt), "name": provider.name}
    response = respond_once(request, "login/onward.html", context)
    put_attempt(request, response, attempt)
    return response


def _told(request: Request, error: PatchclampError, settings: Settings) -> Response:
    context = {
        "visitor": None,
        "form": LoginForm(next=HOME),
        "error": error,
        "provider": settings.oidc_name,
    }
    return respond_once(request, "login/page.html", context, error)


def _address(request: Request, provider: Provider, attempt: Attempt) -> str:
    return provider.address(
        state=attempt.state, nonce=attempt.nonce, verifier=attempt.verifier, back=_back(request)
    )


def _back(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}{BACK}"
