"""Somebody with an account, in a browser: who alone may change what lets them in."""

from typing import Annotated

from fastapi import Depends

from app.auth.actor import CurrentActor
from app.errors import ConflictError, ForbiddenError
from app.store.views.account import Person


async def get_account_holder(actor: CurrentActor) -> Person:
    """Raises SignInError, ConflictError while nobody has an account, and ForbiddenError of a token:
    whoever finds one cannot make it last with it, nor lock its owner out."""
    if actor.person is None:
        raise ConflictError(
            "Nobody has an account here yet.", hint="/people says how to make the first one."
        )
    if actor.person.login_id is None:
        raise ForbiddenError(
            "A token cannot change what lets its account in.",
            hint="Sign in with a browser, and do it at /account.",
        )
    return actor.person


AccountHolder = Annotated[Person, Depends(get_account_holder)]
