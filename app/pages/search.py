"""`/search`: one box for everything: the name of a unit leads there, words find explanations."""

import math
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy.orm import Session

from analysis.embedding.finding import INSTALL
from app.auth.actor import CurrentActor
from app.dependencies import ReadSession
from app.embedding import embed
from app.errors import BadRequestError
from app.fields import blank_to_none
from app.pages.jump import find_named
from app.rendering.answers import respond
from app.rendering.numbers import MINUS
from app.rendering.score import METHODS
from app.store.queries import search as searching
from app.store.queries.model import list_models, list_sites
from app.store.views.search import SearchView

router = APIRouter()

LONGEST: Final = 1000
Name = Annotated[str, Field(max_length=200)]
Choice = Annotated[Name | None, BeforeValidator(blank_to_none)]
Correlation = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]


def as_bound(typed: object) -> object:
    """None of an empty field; raises BadRequestError in the field's own words, not its query's."""
    if typed in ("", None):
        return None
    try:
        bound = float(str(typed).replace(MINUS, "-"))
    except ValueError:
        bound = math.nan
    if not -1 <= bound <= 1:
        raise BadRequestError(
            f"“r on test at least” takes a number from {MINUS}1 to 1, not “{str(typed)[:40]}”.",
            hint="Write it as 0.5, or leave the field empty.",
        )
    return bound


Bound = Annotated[Correlation | None, BeforeValidator(as_bound)]
RunNumber = Annotated[int, Field(ge=0, le=2**63 - 1)]
AskedNumber = Annotated[RunNumber | None, BeforeValidator(blank_to_none)]


class SearchFilter(BaseModel):
    """What was typed and chosen; every field is a query parameter and a form field."""

    model_config = ConfigDict(extra="ignore")

    q: Annotated[str, Field(max_length=LONGEST)] = ""
    model: Choice = None
    site: Choice = None
    method: Choice = None
    r_min: Bound = None
    run: AskedNumber = None
    """Of the page where a unit's name was typed."""
    cursor: Annotated[str | None, Field(max_length=500)] = None

    def parameters(self, **changes: object) -> dict[str, object]:
        """As query parameters; the cursor only where it is given."""
        values = self.model_dump(exclude={"cursor", "run"}) | changes
        return {name: value for name, value in values.items() if value is not None}


@router.get("/search")
def show_search(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    chosen: Annotated[SearchFilter, Query()],
) -> Response:
    seen = actor.sees
    named = find_named(session, chosen.q.strip(), chosen.model or "", chosen.run, seen=seen)
    if named is not None:
        return RedirectResponse(named, status_code=303)
    return respond(request, "search/page.html", gather(session, chosen, seen))


def gather(
    session: Session, chosen: SearchFilter, seen: frozenset[str] | None
) -> dict[str, object]:
    """`seen`: the models that are known to whoever asks; None: all."""
    found = find(session, chosen, seen) if chosen.q.strip() else None
    models = list_models(session, models=seen)
    return {
        "chosen": chosen,
        "found": found,
        "lines": [item.explanation for item in found.items if item.explanation] if found else [],
        "models": models,
        "sites": list_sites(session, model=chosen.model) if chosen.model else [],
        "methods": METHODS,
        "semantic_install": INSTALL,
    }


def find(session: Session, chosen: SearchFilter, seen: frozenset[str] | None) -> SearchView:
    """Of a model that was chosen before a site: the site belongs to it."""
    return searching.search(
        session,
        query=chosen.q,
        model=chosen.model,
        site=chosen.site if chosen.model else None,
        method=chosen.method,
        r_min=chosen.r_min,
        models=seen,
        vector=embed(chosen.q),
        cursor=chosen.cursor,
    )
