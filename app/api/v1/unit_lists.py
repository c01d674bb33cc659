"""Lists of units: made, listed, read, filled, emptied, deleted."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.keeping import ListBody, ListChange, ListSlug, OfActor, UnitsBody
from app.api.parameters import NAME, Cursor, Limit, ModelName, SiteName, UnitIndex
from app.auth.actor import CurrentActor
from app.auth.listing import ListReader, require_each
from app.dependencies import ReadSession, WriteSession
from app.store import listing
from app.store.queries import unit_list as unit_lists
from app.store.views.base import Page
from app.store.views.deleted import DeletedView
from app.store.views.unit_list import UnitListLine, UnitListView

router = APIRouter(prefix="/api/v1/lists", tags=["lists"], responses=problems_of(404))


@router.get("", response_model=Page[UnitListLine], summary="List the lists")
def list_unit_lists(
    request: Request,
    session: ReadSession,
    reader: ListReader,
    model: Annotated[
        str | None,
        Query(
            description="Only those that take units of this model alone.",
            pattern=NAME,
            examples=["smollm2-135m-instruct"],
        ),
    ] = None,
    actor: OfActor = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Newest first, without their units."""
    page = unit_lists.list_unit_lists(
        session, model=model, actor=actor, reader=reader, limit=limit, cursor=cursor
    )
    return answer(request, page)


@router.post("", status_code=201, summary="Make a list", responses=problems_of(400, 403, 413))
def create_unit_list(
    response: Response,
    session: WriteSession,
    actor: CurrentActor,
    body: Annotated[ListBody, Body(description="What it is called.")],
) -> UnitListView:
    """Make an empty list of units, of any model or of one; `Location` names it."""
    view = listing.create_unit_list(
        session,
        name=body.name,
        description=body.description,
        model=body.model,
        actor=actor.name,
        personal=body.personal,
    )
    response.headers["Location"] = f"/api/v1/lists/{view.slug}"
    return view


@router.get("/{slug}", response_model=UnitListView, summary="Get one list")
def get_unit_list(
    request: Request, session: ReadSession, reader: ListReader, slug: ListSlug
) -> Response:
    """With its units, in the order in which they were added."""
    return answer(request, unit_lists.get_unit_list(session, slug=slug, reader=reader))


@router.patch("/{slug}", summary="Change a list", responses=problems_of(400, 403, 413))
def change_unit_list(
    session: WriteSession,
    actor: CurrentActor,
    reader: ListReader,
    slug: ListSlug,
    body: Annotated[ListChange, Body(description="What it is from now on.")],
) -> UnitListView:
    """Its name, what it is for, and whether only its maker sees it, who alone says that."""
    return listing.change_unit_list(
        session, slug=slug, actor=actor.name, reader=reader, **body.model_dump()
    )


@router.post(
    "/{slug}/units", summary="Add units to a list", responses=problems_of(400, 403, 409, 413)
)
def add_units(
    session: WriteSession,
    actor: CurrentActor,
    reader: ListReader,
    slug: ListSlug,
    body: Annotated[UnitsBody, Body(description="The units.")],
) -> UnitListView:
    """Put units at the end of a list; those that it has stay where they are."""
    require_each(actor, {unit.model for unit in body.units})
    units = [listing.Named(**unit.model_dump()) for unit in body.units]
    return listing.add_units(session, slug=slug, units=units, actor=actor.name, reader=reader)


@router.delete(
    "/{slug}/units/{model}/{site}/{index}",
    summary="Take a unit out of a list",
    responses=problems_of(400, 403),
)
def remove_unit(
    session: WriteSession,
    actor: CurrentActor,
    reader: ListReader,
    slug: ListSlug,
    model: ModelName,
    site: SiteName,
    index: UnitIndex,
) -> UnitListView:
    """The unit itself stays, and so do its entries in other lists."""
    unit = listing.Named(model, site, index)
    return listing.remove_unit(session, slug=slug, unit=unit, actor=actor.name, reader=reader)


@router.delete("/{slug}", summary="Delete a list", responses=problems_of(400, 403))
def delete_unit_list(session: WriteSession, actor: CurrentActor, slug: ListSlug) -> DeletedView:
    """With all of its entries; the units stay."""
    listing.delete_unit_list(session, slug=slug, actor=actor.name)
    return DeletedView(deleted=slug)
