"""Bookmarks of units, in Neuronpedia's paths and names."""

from typing import Annotated

from fastapi import APIRouter, Body

from app.api.describing import problems_of
from app.api.neuronpedia.talking import FeatureBookmark, FeatureName
from app.auth.actor import CurrentActor
from app.dependencies import ReadSession, WriteSession
from app.exchange.sources import site_of, source_of
from app.store.bookmarking import bookmark, unmark
from app.store.paging import LARGEST_PAGE
from app.store.queries.bookmark import list_bookmarks, require_marked
from app.store.topics import unit_topic
from app.store.views.bookmark import BookmarkView

router = APIRouter(prefix="/api", tags=["neuronpedia"], responses=problems_of(400, 403, 404, 413))

Which = Annotated[FeatureName, Body(description="Which unit.")]


@router.post("/bookmark/add/", include_in_schema=False)
@router.post("/bookmark/add", summary="Mark a unit")
def mark_feature(session: WriteSession, actor: CurrentActor, body: Which) -> FeatureBookmark:
    """Whoever marked it has it marked already."""
    topic = unit_topic(session, model=body.modelId, site=site_of(body.layer), index=int(body.index))
    return to_bookmark(bookmark(session, topic, actor=actor.name))


@router.post("/bookmark/delete/", include_in_schema=False)
@router.post("/bookmark/delete", summary="Mark a unit no longer")
def unmark_feature(session: WriteSession, actor: CurrentActor, body: Which) -> FeatureBookmark:
    """The bookmark that there was. 404: there was none."""
    topic = unit_topic(session, model=body.modelId, site=site_of(body.layer), index=int(body.index))
    view = require_marked(session, topic, actor=actor.name)
    unmark(session, topic, actor=actor.name)
    return to_bookmark(view)


@router.post("/user/bookmarks/", include_in_schema=False)
@router.post("/user/bookmarks", summary="List your bookmarks of units")
def list_own_bookmarks(session: ReadSession, actor: CurrentActor) -> list[FeatureBookmark]:
    """Newest first, of the newest 200 of any kind."""
    page = list_bookmarks(session, actor=actor.name, sees=actor.sees, limit=LARGEST_PAGE)
    units = [one for one in page.items if one.site is not None and one.explanation_id is None]
    return [to_bookmark(one) for one in units]


def to_bookmark(view: BookmarkView) -> FeatureBookmark:
    return FeatureBookmark(
        id=str(view.id),
        modelId=view.model,
        layer=source_of(view.site or ""),
        index=str(view.index),
        createdAt=view.created_at,
    )
