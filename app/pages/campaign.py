"""`/m/{model}/campaigns`: what a team judges together, begun here; each with its guidelines and how
far it is."""

import secrets
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session

from app.auth.actor import Actor, CurrentActor
from app.auth.rights import Right
from app.dependencies import ReadSession, StoreWriter, WriteSession
from app.errors import BadRequestError, ConflictError, PatchclampError
from app.fields import blank_to_none
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.store.campaigning import (
    LONGEST_GUIDELINES,
    LONGEST_TITLE,
    Plan,
    add_guidelines,
    create_campaign,
    set_status,
)
from app.store.choice import LARGEST_SEED, MOST_ITEMS, read_gold
from app.store.queries.campaign import (
    campaigns_with_work_for,
    find_campaign,
    get_campaign,
    get_progress,
    list_campaigns,
    list_guidelines,
)
from app.store.queries.model import list_sites
from app.store.views.campaign import QUESTIONS, Question, Status
from app.store.views.explanation import CLAIMS, Method

router = APIRouter()

HERE: Final = "/m/{model}/campaigns"
FIRST_GUIDELINES: Final = """\
Judge whether the words say what the neuron does on **all** of these windows, not on the top ones \
alone.

- **accept**: it says what the unit does
- **edit**: there is something in it; another wording would be right
- **reject**: it says something else
- **unsure**: the windows do not decide it

Look at the random windows and the near misses before you decide. Try texts of your own.
"""
Number = Annotated[float | None, BeforeValidator(blank_to_none), Field(ge=-1, le=1)]


class PlanForm(BaseModel):
    """Fields as the page sends them."""

    model_config = ConfigDict(extra="ignore")

    title: str = Field(default="", max_length=LONGEST_TITLE)
    slug: str = Field(default="", max_length=100)
    n: int = Field(default=100, ge=1, le=MOST_ITEMS)
    seed: int = Field(default=0, ge=0, le=LARGEST_SEED)
    sites: str = Field(default="", max_length=10_000)
    """Parted by blanks or commas; as layers and units."""
    layers: str = Field(default="", max_length=10_000)
    units: str = Field(default="", max_length=200_000)
    methods: list[Method] = Field(default=list(CLAIMS))
    author: str = Field(default="", max_length=200)
    r_min: Number = None
    r_max: Number = None
    disagreed: Literal["", "1"] = ""
    query: str = Field(default="", max_length=1_000)
    all_of_unit: Literal["", "1"] = ""
    n_per_item: int = Field(default=2, ge=1, le=50)
    lease_minutes: int = Field(default=30, ge=1, le=10_080)
    questions: list[Question] = Field(default=[])
    gold: str = Field(default="", max_length=100_000)
    guidelines: str = Field(default=FIRST_GUIDELINES, max_length=LONGEST_GUIDELINES + 1_000)

    def plan(self) -> Plan:
        """Raises BadRequestError that names what cannot be read."""
        choice = {
            "n": self.n, "seed": self.seed, "sites": _parted(self.sites),
            "layers": _parted(self.layers), "units": _parted(self.units),
            "methods": self.methods, "author": self.author.strip() or None,
            "r_min": self.r_min, "r_max": self.r_max, "disagreed": bool(self.disagreed),
            "query": self.query.strip() or None, "all_of_unit": bool(self.all_of_unit),
        }  # fmt: skip
        try:
            return Plan.model_validate({
                "title": self.title, "slug": self.slug.strip() or None, "choice": choice,
                "gold": read_gold(self.gold), "questions": self.questions,
                "n_per_item": self.n_per_item, "lease_seconds": self.lease_minutes * 60,
                "guidelines": self.guidelines,
            })  # fmt: skip
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise BadRequestError(f"{field}: {first['msg']}.", hint="Mend it below.") from error
        except ValueError as error:
            raise BadRequestError(
                f"A gold item cannot be read: {error}.",
                hint="Write one a line: the id or address of an explanation, then the verdict.",
            ) from error


class StatusForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    status: Status


class GuidelinesForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    markdown: str = Field(default="", max_length=LONGEST_GUIDELINES + 1_000)


@dataclass(frozen=True)
class Asked:
    """What was sent and not taken."""

    form: PlanForm
    fault: PatchclampError | None = None


@router.get(HERE)
def show_campaigns(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    model: str,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    form = PlanForm(seed=secrets.randbelow(1_000_000), questions=[*QUESTIONS])
    return _show(request, session, actor, model, Asked(form), cursor)


@router.post(HERE)
def make_campaign(
    request: Request,
    session: ReadSession,
    writer: StoreWriter,
    actor: CurrentActor,
    model: str,
    form: Annotated[PlanForm, Form()],
) -> Response:
    try:
        with writer.session() as writing:
            made = create_campaign(writing, model=model, plan=form.plan(), actor=actor.name)
    except (BadRequestError, ConflictError) as fault:
        return _show(request, session, actor, model, Asked(form, fault))
    return RedirectResponse(ModelPages(model).campaign(made.slug), status_code=303)


@router.get(HERE + "/{slug}")
def show_campaign(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    model: str,
    slug: str,
    guidelines: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """`guidelines`: an older version to be shown, too. Each takes a while to be made markup."""
    may_review = actor.may(Right.REVIEW, model)
    found = find_campaign(session, model=model, slug=slug)
    context = {
        "pages": ModelPages(model),
        "campaign": get_campaign(session, model=model, slug=slug, may_review=may_review),
        "progress_of": get_progress(session, model=model, slug=slug, may_review=may_review),
        "versions": list_guidelines(session, campaign_id=found.id),
        "version": guidelines,
        "may_review": may_review,
        "may_judge": actor.may(Right.ANNOTATE, model),
    }
    return respond(request, "campaign/page.html", context)


@router.post(HERE + "/{slug}/status")
def change_status(
    session: WriteSession,
    actor: CurrentActor,
    model: str,
    slug: str,
    form: Annotated[StatusForm, Form()],
) -> RedirectResponse:
    set_status(session, model=model, slug=slug, status=form.status, actor=actor.name)
    return RedirectResponse(ModelPages(model).campaign(slug), status_code=303)


@router.post(HERE + "/{slug}/guidelines")
def write_guidelines(
    session: WriteSession,
    actor: CurrentActor,
    model: str,
    slug: str,
    form: Annotated[GuidelinesForm, Form()],
) -> RedirectResponse:
    add_guidelines(session, model=model, slug=slug, markdown=form.markdown, actor=actor.name)
    return RedirectResponse(f"{ModelPages(model).campaign(slug)}#guidelines", status_code=303)


def _show(
    request: Request,
    session: Session,
    actor: Actor,
    model: str,
    asked: Asked,
    cursor: str | None = None,
) -> Response:
    work: set[str] = set()
    if actor.may(Right.ANNOTATE, model):
        found = campaigns_with_work_for(session, actor=actor.name, models={model})
        work = {line.slug for line in found}
    context: dict[str, Any] = {
        "pages": ModelPages(model),
        "page": list_campaigns(session, model=model, cursor=cursor),
        "work": work,
        "may_review": actor.may(Right.REVIEW, model),
        "sites": list_sites(session, model=model),
        "form": asked.form,
        "fault": asked.fault,
    }
    status = 200 if asked.fault is None else asked.fault.status
    return respond(request, "campaign/list.html", context, status)


def _parted(text: str) -> list[str]:
    return text.replace(",", " ").split()
