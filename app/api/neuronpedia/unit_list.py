"""Lists of units, in Neuronpedia's paths and names."""

from typing import Annotated

from fastapi import APIRouter, Body

from app.api.describing import problems_of
from app.api.neuronpedia.keeping import (
    AddedFeatures,
    ChangedList,
    ListName,
    NewList,
    RemovedFeature,
)
from app.api.neuronpedia.views import FeatureList, FilledList, ListedFeature
from app.auth.actor import CurrentActor
from app.auth.listing import ListReader, require_each
from app.dependencies import ReadSession, WriteSession
from app.exchange.sources import site_of, source_of
from app.store import listing
from app.store.paging import LARGEST_PAGE
from app.store.queries.unit_list import get_unit_list, list_unit_lists
from app.store.views.unit_list import UnitListEntry, UnitListLine

router = APIRouter(
    prefix="/api/list", tags=["neuronpedia"], responses=problems_of(400, 403, 404, 413)
)


@router.post("/new/", include_in_schema=False)
@router.post("/new", summary="Make a list")
def new_list(
    session: WriteSession,
    actor: CurrentActor,
    body: Annotated[NewList, Body(description="What it is called.")],
) -> FeatureList:
    """An empty list, for units of any model."""
    view = listing.create_unit_list(
        session, name=body.name, description=body.description, actor=actor.name
    )
    return to_list(view)


@router.post("/add-features/", include_in_schema=False)
@router.post("/add-features", summary="Add units to a list", responses=problems_of(409))
def add_features(
    session: WriteSession,
    actor: CurrentActor,
    body: Annotated[AddedFeatures, Body(description="Which list, which units.")],
) -> list[ListedFeature]:
    """Put units at its end; answered are those that were sent."""
    require_each(actor, {one.modelId for one in body.featuresToAdd})
    units = [
        listing.Named(one.modelId, site_of(one.layer), int(one.index), one.description)
        for one in body.featuresToAdd
    ]
    view = listing.add_units(session, slug=body.listId, units=units, actor=actor.name)
    sent = {(unit.model, unit.site, unit.index) for unit in units}
    return [to_feature(one) for one in view.entries if (one.model, one.site, one.index) in sent]


@router.post("/get/", include_in_schema=False)
@router.post("/get", summary="Get a list")
def find_list(
    session: ReadSession,
    actor: CurrentActor,  # noqa: ARG001 - as of all that is sent: they read by POST
    reader: ListReader,
    body: Annotated[ListName, Body(description="Which list.")],
) -> FilledList:
    """With its units, in the order in which they were added."""
    view = get_unit_list(session, slug=body.listId, reader=reader)
    return FilledList(
        **to_list(view).model_dump(), neurons=[to_feature(entry) for entry in view.entries]
    )


@router.post("/remove/", include_in_schema=False)
@router.post("/remove", summary="Take a unit out of a list")
def remove_feature(
    session: WriteSession,
    actor: CurrentActor,
    reader: ListReader,
    body: Annotated[RemovedFeature, Body(description="Which list, which unit.")],
) -> ListedFeature:
    """The unit that was in it, and is not any more."""
    unit = listing.Named(body.modelId, site_of(body.layer), int(body.index))
    before = get_unit_list(session, slug=body.listId, reader=reader).entries
    listing.remove_unit(session, slug=body.listId, unit=unit, actor=actor.name)
    named = (unit.model, unit.site, unit.index)
    gone = [one for one in before if (one.model, one.site, one.index) == named]
    return to_feature(gone[0])


@router.post("/update/", include_in_schema=False)
@router.post("/update", summary="Rename a list")
def update_list(
    session: WriteSession,
    actor: CurrentActor,
    reader: ListReader,
    body: Annotated[ChangedList, Body(description="Which list, and what it is called.")],
) -> FeatureList:
    """Whether others see it is said under /api/v1."""
    view = listing.change_unit_list(
        session,
        slug=body.listId,
        actor=actor.name,
        name=body.name,
        description=body.description,
        reader=reader,
    )
    return to_list(view)


@router.post("/delete/", include_in_schema=False)
@router.post("/delete", summary="Delete a list")
def delete_list(
    session: WriteSession,
    actor: CurrentActor,
    body: Annotated[ListName, Body(description="Which list.")],
) -> bool:
    """With its entries; the units stay."""
    listing.delete_unit_list(session, slug=body.listId, actor=actor.name)
    return True


@router.post("/list/", include_in_schema=False)
@router.post("/list", summary="List your lists")
def list_owned_lists(
    session: ReadSession, actor: CurrentActor, reader: ListReader
) -> list[FeatureList]:
    """The lists that you made, newest first, without their units; 200 at most."""
    page = list_unit_lists(session, actor=actor.name, reader=reader, limit=LARGEST_PAGE)
    return [to_list(line) for line in page.items]


def to_list(line: UnitListLine) -> FeatureList:
    return FeatureList(id=line.slug, name=line.name, description=line.description)


def to_feature(entry: UnitListEntry) -> ListedFeature:
    source = source_of(entry.site)
    return ListedFeature(
        modelId=entry.model,
        layer=source,
        source=source,
        index=str(entry.index),
        description=entry.description,
    )
