"""Who asks, where nobody has to be anybody: on the pages where one signs in."""

from typing import Annotated

from fastapi import Depends, Request

from app.auth.actor import Actor, get_actor
from app.errors import SignInError


async def get_visitor(request: Request) -> Actor | None:
    """None: nobody is signed in."""
    try:
        return await get_actor(request)
    except SignInError:
        return None


Visitor = Annotated[Actor | None, Depends(get_visitor)]
