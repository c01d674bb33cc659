"""Whose request it is, what it may do, and the tokens of its account."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Path, Request, Response

from app.api.accounts import TokenBody
from app.api.answering import answer
from app.api.describing import problems_of
from app.api.parameters import LARGEST
from app.auth.actor import CurrentActor
from app.auth.signed_in import AccountHolder
from app.dependencies import ReadSession, WriteSession
from app.errors import ForbiddenError
from app.store.accounts import tokens
from app.store.views.account import Membership, NewTokenView, SelfView, TokenView
from app.store.views.deleted import DeletedView

router = APIRouter(prefix="/api/v1/account", tags=["account"], responses=problems_of())

TokenId = Annotated[int, Path(description="Id of the token.", ge=1, le=LARGEST, examples=[1])]


@router.get("", response_model=SelfView, summary="Whose request is this?")
def get_own_account(request: Request, actor: CurrentActor) -> Response:
    """The account behind the request and its roles, and of a token what it is limited to. While
    nobody has an account, everybody is the local owner."""
    person = actor.person
    view = SelfView(
        name=actor.name,
        full_name="" if person is None else person.full_name,
        is_administrator=actor.is_administrator,
        roles=[]
        if person is None
        else [Membership(model=model, role=role) for model, role in person.roles.items()],
        token=None if person is None else person.token,
        scopes=None if person is None else person.scopes,
    )
    return answer(request, view)


@router.get("/tokens", response_model=list[TokenView], summary="List one's own tokens")
def list_own_tokens(request: Request, session: ReadSession, actor: CurrentActor) -> Response:
    """Those that can still be used, newest first; a token is told of itself alone."""
    person = actor.person
    if person is None:
        return answer(request, [])
    found = tokens.list_tokens(session, account_id=person.account_id)
    return answer(request, [view for view in found if person.token_id in (None, view.id)])


@router.post(
    "/tokens", status_code=201, summary="Make a token", responses=problems_of(400, 403, 409, 413)
)
def create_own_token(
    response: Response,
    session: WriteSession,
    person: AccountHolder,
    body: Annotated[TokenBody, Body(description="What it is for, and what it may.")],
) -> NewTokenView:
    """The answer has the token, this once; a digest is kept. Only with the cookie of a login: a
    token makes no other."""
    response.headers["Cache-Control"] = "no-store"
    lasts = None if body.days is None else timedelta(days=body.days)
    secret = tokens.create_token(
        session, account_id=person.account_id, name=body.name, scopes=body.scopes, lasts=lasts
    )
    kept = tokens.list_tokens(session, account_id=person.account_id)
    view = next(view for view in kept if view.ending == secret[-len(view.ending) :])
    return NewTokenView(**view.model_dump(), secret=secret)


@router.delete("/tokens/{token_id}", summary="Revoke a token", responses=problems_of(400, 403, 404))
def delete_own_token(session: WriteSession, actor: CurrentActor, token_id: TokenId) -> DeletedView:
    """It lets nobody in from now on. A token can revoke itself, and no other."""
    person = actor.person
    if person is not None and person.token_id not in (None, token_id):
        raise ForbiddenError(
            "A token can revoke itself alone.",
            hint="Sign in with a browser, and do it at /account.",
        )
    account_id = 0 if person is None else person.account_id
    tokens.revoke_token(session, account_id=account_id, token_id=token_id)
    return DeletedView(deleted=str(token_id))
