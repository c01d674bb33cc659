"""`/lists` and each list: units that somebody put together, for all or for themselves."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app.auth.actor import CurrentActor
from app.auth.listing import ListReader
from app.auth.rights import Right
from app.dependencies import ReadSession, WriteSession
from app.pages.explanation import Index
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond, target_of
from app.store import listing
from app.store.queries.unit_list import get_unit_list, list_unit_lists, lists_for
from app.store.topics import unit_topic

router = APIRouter()

Ticked = Literal["", "1"]


class ListForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str = Field(max_length=listing.LONGEST_NAME)
    description: str = Field(default="", max_length=listing.LONGEST_DESCRIPTION)
    personal: Ticked = ""


class AddForm(BaseModel):
    """A unit for a list that is there, or for a new one."""

    model_config = ConfigDict(extra="ignore")

    list: str = Field(default="", max_length=100)  # a slug; empty, a new one
    name: str = Field(default="", max_length=listing.LONGEST_NAME)
    personal: Ticked = ""
    why: str = Field(default="", max_length=listing.LONGEST_REASON)


@router.get("/lists")
def show_lists(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    reader: ListReader,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    page = list_unit_lists(session, reader=reader, cursor=cursor)
    context = {"page": page, "may_make": actor.may_somewhere(Right.ANNOTATE)}
    return respond(request, "unit_list/list.html", context)


@router.post("/lists")
def make_list(
    session: WriteSession, actor: CurrentActor, form: Annotated[ListForm, Form()]
) -> RedirectResponse:
    made = listing.create_unit_list(
        session,
        name=form.name,
        description=form.description,
        actor=actor.name,
        personal=bool(form.personal),
    )
    return RedirectResponse(f"/lists/{made.slug}", status_code=303)


@router.get("/lists/{slug}")
def show_list(
    request: Request, session: ReadSession, actor: CurrentActor, reader: ListReader, slug: str
) -> Response:
    found = get_unit_list(session, slug=slug, reader=reader)
    own = found.actor == actor.name
    context = {
        "list": found,
        "own": own,
        "may_fill": actor.may_somewhere(Right.ANNOTATE),
        "may_delete": own or actor.may_everywhere(Right.MANAGE),
    }
    return respond(request, "unit_list/page.html", context)


@router.post("/lists/{slug}/change")
def change_list(
    session: WriteSession, actor: CurrentActor, slug: str, form: Annotated[ListForm, Form()]
) -> RedirectResponse:
    listing.change_unit_list(
        session,
        slug=slug,
        actor=actor.name,
        name=form.name,
        description=form.description,
        personal=bool(form.personal),
    )
    return RedirectResponse(f"/lists/{slug}", status_code=303)


@router.post("/lists/{slug}/delete")
def delete_list(session: WriteSession, actor: CurrentActor, slug: str) -> RedirectResponse:
    listing.delete_unit_list(session, slug=slug, actor=actor.name)
    return RedirectResponse("/lists", status_code=303)


@router.post("/lists/{slug}/remove")
def remove_from_list(
    session: WriteSession,
    actor: CurrentActor,
    slug: str,
    model: Annotated[str, Form(max_length=300)],
    site: Annotated[str, Form(max_length=100)],
    index: Annotated[int, Form(ge=0, le=2**31 - 1)],
) -> RedirectResponse:
    listing.remove_unit(
        session, slug=slug, unit=listing.Named(model, site, index), actor=actor.name
    )
    return RedirectResponse(f"/lists/{slug}", status_code=303)


@router.get("/m/{model}/{site}/{index}/lists")
def choose_list(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    reader: ListReader,
    model: str,
    site: str,
    index: Index,
) -> Response:
    """Into which list the unit goes."""
    unit_topic(session, model=model, site=site, index=index)
    context = {
        "pages": ModelPages(model),
        "model": model,
        "site": site,
        "index": index,
        "lists": lists_for(session, model=model, reader=reader),
        "may_fill": actor.may(Right.ANNOTATE, model),
        "added": None,
    }
    fragments = {"add_to_list": "unit_list/add.html"}
    return respond(request, "unit_list/choose.html", context, fragments=fragments)


@router.post("/m/{model}/{site}/{index}/lists")
def add_to_list(
    request: Request,
    session: WriteSession,
    actor: CurrentActor,
    reader: ListReader,
    model: str,
    site: str,
    index: Index,
    form: Annotated[AddForm, Form()],
) -> Response:
    """To the list that was chosen, or to a new one of this name."""
    slug = form.list or _made(session, actor.name, form)
    unit = listing.Named(model, site, index, form.why)
    added = listing.add_units(session, slug=slug, units=[unit], actor=actor.name, reader=reader)
    if target_of(request) != "add_to_list":
        return RedirectResponse(f"/lists/{slug}", status_code=303)
    context = {
        "pages": ModelPages(model),
        "model": model,
        "site": site,
        "index": index,
        "lists": lists_for(session, model=model, reader=reader),
        "may_fill": True,
        "added": added,
    }
    fragments = {"add_to_list": "unit_list/add.html"}
    return respond(request, "unit_list/choose.html", context, fragments=fragments)


def _made(session: Session, actor: str, form: AddForm) -> str:
    made = listing.create_unit_list(
        session, name=form.name, actor=actor, personal=bool(form.personal)
    )
    return made.slug
