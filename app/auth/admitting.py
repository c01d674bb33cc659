"""The guard of every route: who is signed in may do what the table of needs says, and else nothing.

While nobody has an account it asks for nothing. Of what somebody may not see they are told in the
very words, and with the same status, as of what does not exist; whoever sees it and may not do what
they ask is told which right it takes. Nothing is looked up but whose model it is, and only where
the request names that by an id.
"""

from typing import Final

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Engine

from app.auth.actor import Actor, get_actor
from app.auth.asked import values_of
from app.auth.need import Made, Need, Reach, Subject, Who
from app.auth.needs import NEEDS, need_of_request
from app.auth.rights import Right
from app.auth.sealing import keep_sealed
from app.auth.throttling import Throttle
from app.errors import ForbiddenError
from app.store.accounts.subjects import NOTHING, STANDINGS, Kept, Standing, maker_of
from app.store.engine import open_session

OPEN: Final = frozenset(
    route.partition(" ")[2] for route, need in NEEDS.items() if need.right is Who.ANYBODY
)
"""Paths, as their routes write them, that anybody may go to."""


async def admit(request: Request) -> None:
    """Raises SignInError, ForbiddenError, and NotFoundError of what they may not know of."""
    need = need_of_request(request)
    if need is not None and need.right is Who.ANYBODY:
        return
    actor = await get_actor(request)
    if actor.person is not None:
        await _admit(request, actor, need)
    if need is not None and request.app.state.settings.sealed:
        await keep_sealed(request, actor, need)


async def _admit(request: Request, actor: Actor, need: Need | None) -> None:
    if actor.person is None:
        return
    throttle: Throttle = request.app.state.throttle
    throttle.count_request(actor.person)
    if need is None:
        raise ForbiddenError(
            "Nobody has said who may do this.", hint="The server's table of needs lacks the route."
        )
    _require_oneself(actor, need)
    if isinstance(need.right, Right):
        await _require(request, actor, need, need.right)
    if need.right is Right.RUN:
        count_inference(request, actor)
    for subject in need.beside:
        for name in await values_of(request, subject.place, subject.name, before=subject.before):
            standing = await _standing(request, subject, name)
            if standing is None or not sees(actor, standing):
                raise NOTHING[subject.kind](name)


def _require_oneself(actor: Actor, need: Need) -> None:
    """What is of nobody's model."""
    if need.right is Who.ADMINISTRATOR:
        actor.require_administrator()
    if need.by_login and actor.person is not None and actor.person.login_id is None:
        raise ForbiddenError(
            "A token cannot say who may come in, nor what they may do.",
            hint="Sign in with a browser, and do it on the page of the model's people.",
        )
    scopes = None if actor.person is None else actor.person.scopes
    if need.keeps and scopes is not None and Right.ANNOTATE not in scopes:
        raise actor.refused(Right.ANNOTATE, "with this token")


def count_inference(request: Request, actor: Actor) -> None:
    """Also for handlers of pages that ask the loaded model only sometimes. Raises TooManyError."""
    if actor.person is not None:
        throttle: Throttle = request.app.state.throttle
        throttle.count_inference(actor.person)


async def require(request: Request, actor: Actor, need: Need) -> None:
    """Of a request that is only spoken of. Raises as the guard does."""
    if actor.person is not None and isinstance(need.right, Right):
        await _require(request, actor, need, need.right)


async def model_of(request: Request, need: Need) -> str | None:
    """The one model that it is about; None: none or several."""
    if not isinstance(need.of, Subject):
        return None
    found: set[str] = set()
    for name in await values_of(request, need.of.place, need.of.name, before=need.of.before):
        standing = await _standing(request, need.of, name)
        found.update(() if standing is None else standing.models)
    return found.pop() if len(found) == 1 else None


async def _require(request: Request, actor: Actor, need: Need, right: Right) -> None:
    if not isinstance(need.of, Subject):
        _require_reach(actor, right, need.of or Reach.EVERYWHERE)
        return
    names = await values_of(request, need.of.place, need.of.name, before=need.of.before)
    if not names:
        _require_reach(actor, right, need.unnamed)
    for name in names:
        standing = await _standing(request, need.of, name)
        if standing is None:
            raise NOTHING[need.of.kind](name)
        wanted = right
        if need.others is not None:
            makers = {standing.maker}
            if need.made is not None:
                makers = await _makers(request, need.made, name)
            if makers - {None, actor.name}:
                wanted = need.others
        if not may(actor, wanted, standing):
            if not sees(actor, standing):
                raise NOTHING[need.of.kind](name)
            raise actor.refused(wanted, _words(need.of, standing))


def _require_reach(actor: Actor, right: Right, reach: Reach) -> None:
    everywhere = reach is Reach.EVERYWHERE
    if not (actor.may_everywhere(right) if everywhere else actor.may_somewhere(right)):
        raise actor.refused(right, f"with {reach.value}")


def sees(actor: Actor, standing: Standing) -> bool:
    if standing.personal and standing.maker != actor.name:
        return False
    if any(actor.may(Right.SEE, model) for model in standing.models):
        return True
    own = standing.shared and standing.maker == actor.name
    return actor.may_somewhere(Right.SEE) if own else actor.may_everywhere(Right.SEE)


def may(actor: Actor, right: Right, standing: Standing) -> bool:
    """Of what is of no model: whoever sees it may do what they may do with some model, and manage
    it who manages all."""
    if standing.personal and standing.maker != actor.name:
        return False
    if standing.shared:
        if right is Right.MANAGE:
            return actor.may_everywhere(right)
        return sees(actor, standing) and actor.may_somewhere(right)
    if not standing.models:
        return actor.may_everywhere(right)
    return all(actor.may(right, model) for model in standing.models)


async def _standing(request: Request, subject: Subject, name: str) -> Standing | None:
    if subject.kind == "model":
        return Standing((name,))
    return await run_in_threadpool(_looked_up, request.app.state.engine, subject.kind, name)


def _looked_up(engine: Engine, kind: Kept, name: str) -> Standing | None:
    with open_session(engine) as session:
        return STANDINGS[kind](session, name)


async def _makers(request: Request, made: Made, model: str) -> set[str | None]:
    names = await values_of(request, made.place, made.name)
    return {
        await run_in_threadpool(_maker, request.app.state.engine, made, model, name)
        for name in names
    }


def _maker(engine: Engine, made: Made, model: str, name: str) -> str | None:
    with open_session(engine) as session:
        return maker_of(session, made.kind, model=model, name=name)


def _words(subject: Subject, standing: Standing) -> str:
    if standing.shared or not standing.models:
        return f"with this {subject.kind}"
    return f"with the model {standing.models[0]!r}"
