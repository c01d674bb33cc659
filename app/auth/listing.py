"""What somebody sees of lists, whose units may be of models that they do not see."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import Depends

from app.auth.actor import Actor, CurrentActor
from app.auth.rights import Right
from app.store.queries.unit_list import Reader


async def get_list_reader(actor: CurrentActor) -> Reader | None:
    """None: nobody has an account, so nothing is anybody's own."""
    return None if actor.person is None else Reader(actor.name, actor.sees)


def require_each(actor: Actor, models: Iterable[str]) -> None:
    """That they may put units of these into lists. Raises NotFoundError and ForbiddenError."""
    for model in sorted(models):
        actor.require(Right.ANNOTATE, model)


ListReader = Annotated[Reader | None, Depends(get_list_reader)]
