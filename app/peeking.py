"""Pages and calls that show how a unit is explained and scored note it where the reader is judging
that unit in a campaign: `dependencies=PEEKING` of a route or a router."""

from collections.abc import Sequence
from typing import Any, Final

from fastapi import Depends, Request

from app.auth.actor import CurrentActor
from app.dependencies import ReadSession, StoreWriter
from app.store.peeking import held_of_explanation, held_of_unit, mark_peeked


def note_peek(
    request: Request, session: ReadSession, writer: StoreWriter, actor: CurrentActor
) -> None:
    """Writes only where they hold an item of the unit, and only the first time."""
    if request.method not in ("GET", "HEAD"):
        return
    named = request.path_params
    number = named.get("explanation_id", named.get("number"))
    if number is not None and _is_number(number):
        held = held_of_explanation(session, actor=actor.name, explanation_id=int(number))
    elif {"model", "site", "index"} <= named.keys() and _is_number(named["index"]):
        held = held_of_unit(
            session, actor=actor.name, model=named["model"], site=named["site"],
            index=int(named["index"]),
        )  # fmt: skip
    else:
        return
    if held:
        session.rollback()  # nothing is read while it waits for its turn to write
        with writer.session() as writing:
            mark_peeked(writing, held, actor=actor.name)


def _is_number(said: object) -> bool:
    return str(said).isascii() and str(said).isdigit() and len(str(said)) < 20


PEEKING: Final[Sequence[Any]] = [Depends(note_peek)]
