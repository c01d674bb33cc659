"""`/m/{model}/{site}`: the units of a site as a table to sort and filter."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy.orm import Session

from app.dependencies import ReadSession
from app.fields import blank_to_none
from app.pages.choosing import AskedRun, read_shown_run
from app.pages.distributions import read_distributions
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.rendering.score_bar import axis_start
from app.store.queries.claim import best_claims
from app.store.queries.model import count_by_split, get_place
from app.store.queries.unit import list_units

router = APIRouter()

COLUMNS: Final = (
    "density",
    "above",
    "mean",
    "variance",
    "skewness",
    "kurtosis",
    "minimum",
    "maximum",
)


Finite = Annotated[float, Field(allow_inf_nan=False)]
Bound = Annotated[Finite | None, BeforeValidator(blank_to_none)]
Choice = Annotated[bool | None, BeforeValidator(blank_to_none)]


class UnitFilter(BaseModel):
    """What the table shows; every field is a query parameter and a form field."""

    model_config = ConfigDict(extra="ignore")

    split: str = "fit"
    run: Annotated[AskedRun, BeforeValidator(blank_to_none)] = None
    sort: str = "index"
    order: Literal["asc", "desc"] = "asc"
    density_min: Bound = None
    density_max: Bound = None
    maximum_min: Bound = None
    maximum_max: Bound = None
    kurtosis_min: Bound = None
    kurtosis_max: Bound = None
    dead: Choice = None
    flagged: Choice = None
    limit: int = 50
    cursor: str | None = None

    def parameters(self, **changes: object) -> dict[str, Any]:
        """As query parameters, without what is at its default, so that links stay short."""
        values = self.model_copy(update={"cursor": None, **changes}).model_dump(mode="json")
        shown = {key: value for key, value in values.items() if value != DEFAULTS[key]}
        return {key: str(v).lower() if isinstance(v, bool) else v for key, v in shown.items()}

    @property
    def narrows(self) -> bool:
        fields = ("density", "maximum", "kurtosis")
        bounds = [getattr(self, f"{name}_{end}") for name in fields for end in ("min", "max")]
        return any(value is not None for value in (*bounds, self.dead, self.flagged))


DEFAULTS: Final = UnitFilter().model_dump(mode="json")


@router.get("/m/{model}/{site}")
def show_site(
    request: Request,
    session: ReadSession,
    model: str,
    site: str,
    chosen: Annotated[UnitFilter, Query()],
) -> Response:
    return respond(request, "site/page.html", gather(session, model, site, chosen))


def gather(session: Session, model: str, site: str, chosen: UnitFilter) -> dict[str, object]:
    place = get_place(session, model=model, site=site, run_id=chosen.run)
    query = chosen.model_dump(exclude={"run"})
    shown = read_shown_run(
        session, model=model, run_id=place.run_id, current_run_id=place.current_run_id
    )
    page = list_units(session, model=model, site=site, run_id=chosen.run, **query)
    claims_of = best_claims(
        session,
        model=model,
        site=site,
        run_id=chosen.run,
        indices=[row.index for row in page.items],
    )
    return {
        "claims_of": claims_of,
        "axis": axis_start(claims_of.values()),
        "place": place,
        "shown": shown,
        "run": shown.run,
        "pages": ModelPages(model, chosen.run),
        "counts": count_by_split(session, model=model, site=site, run_id=chosen.run),
        "page": page,
        "chosen": chosen,
        "columns": COLUMNS,
        "distributions": read_distributions(session, run=shown.run, site=site, split=chosen.split),
    }
