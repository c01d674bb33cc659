"""What is run on the loaded model and kept: experiments, continuations, sweeps of edits."""

from typing import Annotated, Final

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, Field

from analysis.protocol.experiments import Asked, AskedToGenerate, Drawing, GeneratedToken
from analysis.protocol.sweeps import AskedToSweep, EditSweepProgress
from app.api.describing import Responses, problems_of
from app.api.keeping import ExperimentSlug
from app.api.parameters import ModelName
from app.auth.actor import CurrentActor
from app.live.asking import Lab, stream_events
from app.live.experiment import Words
from app.store import experimenting
from app.store.slugs import SLUG
from app.store.views.experiment import ExperimentView

router = APIRouter(
    prefix="/api/v1",
    tags=["experiments"],
    responses=problems_of(400, 403, 404, 409, 413, 422, 429, 503),
)

NAMES: Final[dict[type[BaseModel], str]] = {
    GeneratedToken: "token",
    EditSweepProgress: "progress",
    ExperimentView: "experiment",
}
STREAM: Final[Responses] = {
    200: {
        "description": "Server-sent events; the last is `experiment`, or `problem`.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}

Name = Annotated[
    str | None,
    Field(max_length=experimenting.LONGEST_NAME, description="A few words.", examples=["no cats"]),
]
Note = Annotated[
    str | None, Field(max_length=experimenting.LONGEST_NOTE, description="Anything else.")
]
Parent = Annotated[
    str | None,
    Field(pattern=SLUG, description="What it is forked from.", examples=["c2xlZXAtd2Vs"]),
]


class ExperimentBody(Asked):
    """An experiment, and what is said of it."""

    name: Name = None
    note: Note = None
    parent: Parent = None


class GenerationBody(AskedToGenerate):
    """Continuations, and what is said of them."""

    name: Name = None
    note: Note = None
    parent: Parent = None


class EditSweepBody(AskedToSweep):
    """A sweep of edits, and what is said of it."""

    name: Name = None
    note: Note = None
    parent: Parent = None


@router.post(
    "/models/{model}/experiments",
    status_code=201,
    response_model=ExperimentView,
    summary="Run an experiment",
)
async def create_experiment(
    lab: Lab,
    actor: CurrentActor,
    model: ModelName,
    body: Annotated[ExperimentBody, Body(description="Prompt, edits, what is measured.")],
) -> Response:
    """Run the edits beside the same edits of random other units, and keep it under a permalink."""
    view = await lab.experiment(model, body, _words(actor.name, body))
    return Response(
        view.to_json(),
        status_code=201,
        media_type="application/json",
        headers={"Location": f"/api/v1/experiments/{view.slug}"},
    )


@router.post(
    "/models/{model}/generations",
    response_class=Response,
    responses=STREAM,
    summary="Continue a prompt with and without edits (server-sent events)",
)
async def create_generation(
    lab: Lab,
    actor: CurrentActor,
    model: ModelName,
    body: Annotated[GenerationBody, Body(description="Prompt, edits, how tokens are drawn.")],
) -> Response:
    """`token` events of all continuations as they come, then the `experiment` as it is kept."""
    messages = lab.generation(model, body, _words(actor.name, body))
    return await stream_events(messages, NAMES)


@router.post(
    "/experiments/{slug}/continuations",
    response_class=Response,
    responses=STREAM,
    summary="Continue an experiment's prompt (server-sent events)",
)
async def create_continuations(
    lab: Lab,
    actor: CurrentActor,  # noqa: ARG001 - they are kept with the experiment, whoever asks
    slug: ExperimentSlug,
    body: Annotated[Drawing, Body(description="How tokens are drawn.")],
) -> Response:
    """Of its own prompt, under its own edits: `token` events, then the `experiment` with its
    `continuations`."""
    return await stream_events(lab.continuations(slug, body), NAMES)


@router.post(
    "/models/{model}/edit-sweeps",
    response_class=Response,
    responses=STREAM,
    summary="Edit every unit of a site one by one (server-sent events)",
)
async def create_edit_sweep(
    lab: Lab,
    actor: CurrentActor,
    model: ModelName,
    body: Annotated[EditSweepBody, Body(description="Prompt, sites, what is measured.")],
) -> Response:
    """`progress` events, then the `experiment` with estimate and effect of every unit."""
    messages = lab.sweep(model, body, _words(actor.name, body))
    return await stream_events(messages, NAMES)


def _words(actor: str, body: ExperimentBody | GenerationBody | EditSweepBody) -> Words:
    return Words(actor, body.name, body.note, body.parent)
