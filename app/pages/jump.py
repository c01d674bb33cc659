"""`/jump`: from what someone typed in the header (`mlp.12/345`) to the page that it names."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.auth.actor import CurrentActor
from app.dependencies import ReadSession
from app.errors import BadRequestError
from app.pages.choosing import AskedRun
from app.rendering.addresses import ModelPages
from app.store.queries.model import list_models

router = APIRouter()

TYPED: Final = re.compile(
    r"(?:(?P<model>[^/\s]+)/)?(?:(?P<kind>mlp|attn)\.(?P<layer>\d{1,4})"
    r"|(?P<layer_first>\d{1,4})-(?P<kind_last>mlp|attn)|(?P<layer_alone>\d{1,4})(?=/\d))"
    r"(?:/(?P<index>\d{1,9}))?/?"
)
HINT: Final = "Type a unit such as mlp.12/345 (12/345 means the same), or a site such as attn.3."


@router.get("/jump")
def jump(
    session: ReadSession,
    actor: CurrentActor,
    to: Annotated[str, Query(max_length=200)] = "",
    model: Annotated[str, Query(max_length=200)] = "",
    run: AskedRun = None,
) -> RedirectResponse:
    path = find_path(session, to.strip(), model, run, seen=actor.sees)
    return RedirectResponse(path, status_code=303)


def find_path(
    session: Session, typed: str, model: str, run: int | None, *, seen: frozenset[str] | None
) -> str:
    """The path of the site or unit; a model's name alone leads to the model."""
    path = find_named(session, typed, model, run, seen=seen)
    if path is None:
        raise BadRequestError(f"{typed!r} names no unit and no model.", hint=HINT)
    return path


def find_named(
    session: Session, typed: str, model: str, run: int | None, *, seen: frozenset[str] | None
) -> str | None:
    """The path of what is named; None where nothing is.

    `seen`: the models that are known to whoever typed it; None: all. `run` is of the page of
    `model` where it was typed, and holds for no other model.
    """
    found = TYPED.fullmatch(typed)
    names = [view.name for view in list_models(session, models=seen)]
    if typed in names:
        return ModelPages(typed, run if typed == model else None).front()
    if found is None:
        return None
    name = found["model"] or model or next(iter(names), "")
    if not name:
        raise BadRequestError("There is no model yet.", hint="Run `patchclamp models add` first.")
    kind = found["kind"] or found["kind_last"] or "mlp"
    layer = found["layer"] or found["layer_first"] or found["layer_alone"]
    site = f"{kind}.{int(layer)}"
    here = ModelPages(name, run if name == model else None)
    return here.unit(site, int(found["index"])) if found["index"] else here.site(site)
