"""Large circuits are read a few at a time: one of 20,000 nodes and 200,000 links takes two seconds
of a thread, and hundreds of megabytes.
"""

from collections.abc import Iterator
from typing import Final

from fastapi import Depends, Request

from app.dependencies import ReadSession
from app.places import Places
from app.store.queries.circuit_size import is_large

MOST: Final = 4


def large_circuit_places() -> Places:
    return Places(
        MOST, told="large circuits are being read", hint="Wait until one of them is; try again."
    )


def hold_place(request: Request, session: ReadSession) -> Iterator[None]:
    """Around a handler that reads the circuit which its address names, and the one that it is
    compared `with`: one place, if either is large. TooManyError: none is free."""
    model, slug = request.path_params["model"], request.path_params["slug"]
    other_model, _, other_slug = request.query_params.get("with", "").rpartition("/")
    named = ((model, slug), (other_model or model, other_slug))
    if not any(is_large(session, model=one, slug=called) for one, called in named):
        yield
        return
    places: Places = request.app.state.large_circuits
    with places.taken():
        yield


HOLDS_PLACE: Final = Depends(hold_place, scope="function")
