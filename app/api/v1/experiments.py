"""Experiments: listed, read under their permalink, named, forked, deleted, exported."""

from typing import Annotated, Final, Literal, cast

from fastapi import APIRouter, Body, Query, Request, Response

from app.api.answering import answer
from app.api.describing import Responses, problems_of
from app.api.keeping import ExperimentSlug, Named, OfActor, Saying, WordsBody
from app.api.parameters import Cursor, Limit, ModelName
from app.auth.actor import CurrentActor
from app.dependencies import AppSettings, ReadSession, StoreWriter, WriteSession
from app.exchange.experiment_script import write_script
from app.store import experimenting
from app.store.queries import experiment as experiments
from app.store.queries.model import get_model
from app.store.views.base import Page
from app.store.views.deleted import DeletedView
from app.store.views.experiment import ExperimentLine, ExperimentView

router = APIRouter(prefix="/api/v1", tags=["experiments"], responses=problems_of(404))

SCRIPT: Final[Responses] = {
    200: {
        "description": "A Python script.",
        "content": {"text/x-python": {"schema": {"type": "string"}}},
    }
}


@router.get(
    "/models/{model}/experiments",
    response_model=Page[ExperimentLine],
    summary="List a model's experiments",
)
def list_experiments(
    request: Request,
    session: ReadSession,
    model: ModelName,
    kind: Annotated[
        Literal["experiment", "generation", "edit_sweep"] | None,
        Query(description="Only of this kind.", examples=["experiment"]),
    ] = None,
    actor: OfActor = None,
    named: Named = False,
    text: Saying = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Newest first; `GET /api/v1/experiments/{slug}` has the numbers."""
    page = experiments.list_experiments(
        session,
        model=model,
        kind=kind,
        actor=actor,
        named=named,
        text=text,
        limit=limit,
        cursor=cursor,
    )
    return answer(request, page)


@router.get("/experiments/{slug}", response_model=ExperimentView, summary="Get one experiment")
def get_experiment(request: Request, session: ReadSession, slug: ExperimentSlug) -> Response:
    """What was asked and what was answered, whole: this is also its export as JSON."""
    return answer(request, experiments.get_experiment(session, slug=slug))


@router.get(
    "/experiments/{slug}/script",
    response_class=Response,
    summary="Export an experiment as a script",
    responses=SCRIPT | problems_of(409),
)
def get_script(session: ReadSession, writer: StoreWriter, slug: ExperimentSlug) -> Response:
    """A short Python script that reproduces the numbers with torch and transformers alone. Not of
    models in the plain format, nor of generations and sweeps of edits."""
    view = experiments.get_experiment(session, slug=slug)
    script = write_script(view, get_model(session, name=view.model))
    writer.note(action="export.script", model=view.model, subject=f"experiment {slug}")
    return Response(
        script,
        media_type="text/x-python; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="experiment-{slug}.py"'},
    )


@router.patch(
    "/experiments/{slug}",
    summary="Name an experiment",
    responses=problems_of(400, 403, 413),
)
def describe_experiment(
    session: WriteSession,
    actor: CurrentActor,
    slug: ExperimentSlug,
    body: Annotated[WordsBody, Body(description="Its name and note.")],
) -> ExperimentView:
    """Give it a name or a note, or take them away."""
    changes = {
        cast("experimenting.Word", word): getattr(body, word) for word in body.model_fields_set
    }
    return experimenting.describe_experiment(session, slug=slug, actor=actor.name, changes=changes)


@router.post(
    "/experiments/{slug}/fork",
    status_code=201,
    summary="Fork an experiment",
    responses=problems_of(400, 403, 409, 413),
)
def fork_experiment(
    response: Response,
    session: WriteSession,
    settings: AppSettings,
    actor: CurrentActor,
    slug: ExperimentSlug,
    body: Annotated[WordsBody | None, Body(description="Name and note of the copy.")] = None,
) -> ExperimentView:
    """Copy it under a permalink of its own, with the same numbers; `Location` names the copy."""
    words = WordsBody() if body is None else body
    experiments.require_room(session, most=settings.most_experiments)
    view = experimenting.fork_experiment(
        session, slug=slug, actor=actor.name, name=words.name, note=words.note
    )
    response.headers["Location"] = f"/api/v1/experiments/{view.slug}"
    return view


@router.delete(
    "/experiments/{slug}", summary="Delete an experiment", responses=problems_of(400, 403)
)
def delete_experiment(
    session: WriteSession, actor: CurrentActor, slug: ExperimentSlug
) -> DeletedView:
    """Its permalink leads nowhere from then on; what was forked from it stays."""
    experimenting.delete_experiment(session, slug=slug, actor=actor.name)
    return DeletedView(deleted=slug)
