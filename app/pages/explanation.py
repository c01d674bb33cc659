"""`/m/{model}/{site}/{index}/explanations`: all claims about a unit, and the evidence of each."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.agreement.seeing import decisions_seen
from app.auth.actor import CurrentActor
from app.auth.rights import Right
from app.dependencies import (
    AppSettings,
    ProgramDeadline,
    ProgramPlaces,
    ReadSession,
    WriteSession,
)
from app.errors import NotFoundError, TooManyError
from app.pages.around import around
from app.pages.choosing import AskedRun
from app.peeking import PEEKING
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.rendering.words import unit_noun
from app.store.claiming import withdraw_explanation
from app.store.queries.causal import causal_evidence
from app.store.queries.explanation import get_explanation, list_explanations
from app.store.queries.judgement import judgements_of
from app.store.queries.version import list_versions, version_before
from app.store.topics import explanation_topic
from app.store.views.evidence import EvidenceView
from app.store.views.explanation import ExplanationView
from app.trials.differing import difference_of
from app.trials.evidence import gather_evidence

router = APIRouter(dependencies=PEEKING)

BUSY: Final = EvidenceView(
    program=None,
    simulation=None,
    missing="The server is running other programs. Load this page again in a moment.",
)
HERE = "/m/{model}/{site}/{index}/explanations"
Index = Annotated[int, Path(ge=0, le=2**31 - 1)]
Number = Annotated[int, Path(ge=0, le=2**63 - 1)]


@router.get(HERE)
def show_explanations(
    request: Request,
    session: ReadSession,
    model: str,
    site: str,
    index: Index,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    run: AskedRun = None,
) -> Response:
    context = {
        "pages": ModelPages(model, run),
        "site": site,
        "index": index,
        "page": list_explanations(session, model=model, site=site, index=index, cursor=cursor),
    }
    return respond(request, "explanation/list.html", context)


@router.get(HERE + "/{number}")
def show_explanation(
    request: Request,
    session: ReadSession,
    settings: AppSettings,
    deadline: ProgramDeadline,
    model: str,
    site: str,
    index: Index,
    number: Number,
    places: ProgramPlaces,
    actor: CurrentActor,
    split: Annotated[str, Query(max_length=100)] = "test",
    run: AskedRun = None,
) -> Response:
    view = check_place(get_explanation(session, explanation_id=number), model, site, index)
    try:
        with places.taken_for(view.program):
            found = gather_evidence(session, view, data=settings.data, split=split, check=deadline)
    except TooManyError:  # what can be shown without its program is shown all the same
        found = BUSY
    context = {
        "explanation": view,
        "evidence": found,
        "causal": causal_evidence(session, view),
        "judgements": judgements_of(
            session,
            view,
            actor=actor.name,
            may_judge=actor.could_be_asked(model),
            may_review=actor.may(Right.REVIEW, model),
        ),
        "decisions": decisions_seen(session, actor, view),
        "pages": ModelPages(model, run),
        "noun": unit_noun(site.partition(".")[0]),
        "split": split,
    }
    context |= around(session, actor, explanation_topic(session, explanation_id=number), run=run)
    return respond(request, "explanation/page.html", context)


@router.get(HERE + "/{number}/versions")
def show_versions(
    request: Request,
    session: ReadSession,
    model: str,
    site: str,
    index: Index,
    number: Number,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    run: AskedRun = None,
) -> Response:
    check_place(get_explanation(session, explanation_id=number), model, site, index)
    context = {
        "pages": ModelPages(model, run),
        "site": site,
        "index": index,
        "number": number,
        "versions": list_versions(session, explanation_id=number, cursor=cursor),
    }
    return respond(request, "explanation/versions.html", context)


@router.get(HERE + "/{number}/compare")
def compare_versions(
    request: Request,
    session: ReadSession,
    model: str,
    site: str,
    index: Index,
    number: Number,
    other: Annotated[int | None, Query(ge=0, le=2**63 - 1)] = None,
    run: AskedRun = None,
) -> Response:
    """With the version before, unless another is named; the older one stands on the left."""
    view = check_place(get_explanation(session, explanation_id=number), model, site, index)
    if other is None:
        other = version_before(session, explanation_id=number)
    beside = view if other is None else get_explanation(session, explanation_id=other)
    before, after = sorted((beside, view), key=lambda one: one.version)
    context = {
        "pages": ModelPages(model, run),
        "explanation": view,
        "difference": difference_of(before, after),
    }
    return respond(request, "explanation/compare.html", context)


@router.post(HERE + "/{number}/withdraw")
def withdraw(
    session: WriteSession,
    actor: CurrentActor,
    model: str,
    site: str,
    index: Index,
    number: Number,
    reason: Annotated[str, Form(max_length=2000)] = "",
    run: AskedRun = None,
) -> RedirectResponse:
    check_place(get_explanation(session, explanation_id=number), model, site, index)
    withdraw_explanation(
        session, explanation_id=number, actor=actor.name, reason=reason.strip() or None
    )
    return RedirectResponse(
        ModelPages(model, run).explanation(site, index, number), status_code=303
    )


def check_place(view: ExplanationView, model: str, site: str, index: int) -> ExplanationView:
    """The explanation, if it is one of this unit. Raises NotFoundError."""
    if (view.model, view.site, view.index) != (model, site, index):
        raise NotFoundError(
            f"Explanation {view.id} is not one of {site}/{index}.",
            hint=f"It is of {view.model}/{view.site}/{view.index}.",
        )
    return view
