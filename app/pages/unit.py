"""`/m/{model}/{site}/{index}`: one neuron or head, all that is known of it."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.orm import Session

from app.auth.actor import CurrentActor
from app.dependencies import ReadSession
from app.errors import NotFoundError
from app.pages.around import around
from app.pages.choosing import AskedRun, read_shown_run
from app.pages.counting import counted_from
from app.pages.distributions import read_distributions
from app.peeking import PEEKING
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.rendering.score import best_claim, highest_of
from app.rendering.score_bar import axis_start
from app.rendering.words import unit_noun
from app.store.queries.circuit import circuits_of_unit
from app.store.queries.exemplar import list_exemplars
from app.store.queries.job import get_job, list_jobs
from app.store.queries.model import get_place
from app.store.queries.unit import get_unit
from app.store.topics import unit_topic
from app.store.views.job import JobView
from app.store.views.model import PlaceView
from app.store.views.run import RunView
from app.store.views.unit import ExemplarView, StatisticsView, UnitView

router = APIRouter(dependencies=PEEKING)

Show = Literal["overview", "top", "bottom", "intervals", "random"]
KINDS: Final = {"top": "top", "bottom": "bottom", "intervals": "interval", "random": "random"}
WANTED: Final = {"overview": ("top",), **{show: (kind,) for show, kind in KINDS.items()}}
OVERVIEW: Final = {"top": 6, "bottom": 6, "interval": None, "random": 4}
PER_INTERVAL: Final = 2
N_RANDOM_BELOW: Final = 4
N_CIRCUITS: Final = 10


@dataclass(frozen=True)
class Windows:
    """A list of exemplars on the page."""

    kind: str
    items: list[ExemplarView]
    n_kept: int
    """How many the store has."""


@router.get("/m/{model}/{site}/{index}")
def show_unit(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    model: str,
    site: str,
    index: Annotated[int, Path(ge=0, le=2**31 - 1)],
    show: Show = "overview",
    split: Annotated[str, Query(max_length=100)] = "fit",
    run: AskedRun = None,
) -> Response:
    view = get_unit(session, model=model, site=site, index=index, run_id=run)
    context = gather(session, view, show=show, split=split, asked_run=run)
    topic = unit_topic(session, model=model, site=site, index=index)
    context |= around(session, actor, topic, run=run)
    return respond(request, "unit/page.html", context)


def gather(
    session: Session, view: UnitView, *, show: Show, split: str, asked_run: int | None
) -> dict[str, object]:
    statistics = find_statistics(view, split)
    lists = read_lists(session, view, show=show, split=split)
    subject = get_place(session, model=view.model, site=view.site, run_id=asked_run)
    shown = read_shown_run(
        session,
        model=view.model,
        run_id=view.run_id,
        current_run_id=subject.current_run_id,
    )
    run = shown.run
    kinds = {windows.kind for windows in lists}
    takes_part = circuits_of_unit(
        session, model=view.model, site=view.site, index=view.index, limit=N_CIRCUITS
    )
    best = best_claim(view.explanations)
    return {
        "best": best,
        "best_start": None if best is None else axis_start([best]),
        "highest_of": highest_of(view.explanations),
        "list_start": axis_start(view.explanations),
        "place": subject,
        "unit": view,
        "pages": ModelPages(view.model, asked_run),
        "noun": unit_noun(view.kind),
        "gated": is_gated(view, subject),
        "absent": next((kind for kind in WANTED[show] if kind not in kinds), None),
        "shown": shown,
        "run": run,
        "counted_from": counted_from(run),
        "job": read_job(session, run),
        "show": show,
        "split": split,
        "statistics": statistics,
        "lists": lists,
        "scale": find_scale(statistics, lists),
        "distributions": read_distributions(session, run=run, site=view.site, split=split),
        "waiting": read_waiting(session, view),
        "window": peak_window(view.run_id, lists),
        "strength": strength(statistics, view),
        "send": sending(view),
        "circuits": takes_part.items,
        "more_circuits": takes_part.next_cursor is not None,
    }


def peak_window(run_id: int, lists: list[Windows]) -> str | None:
    """The first window that the page shows, as the playground takes it."""
    item = next((item for windows in lists for item in windows.items), None)
    return None if item is None else f"{run_id}:{item.window}"


def strength(statistics: StatisticsView | None, view: UnitView) -> str:
    """How strongly to steer at first: as far as the neuron itself writes at its strongest."""
    norm = 1.0 if view.output is None else view.output.norm
    most = 1.0 if statistics is None else statistics.maximum or 1.0
    return f"{float(f'{norm * abs(most):.2g}'):g}"


def sending(view: UnitView) -> str:
    """Where an exemplar is opened in the playground, with the unit ablated; its number follows."""
    edit = f"{view.site}/{view.index} = 0"
    return f"{ModelPages(view.model).playground(edit=edit)}&window={view.run_id}:"


def is_gated(view: UnitView, subject: PlaceView) -> bool:
    """Whether the activation has both signs by construction."""
    if view.output is not None:
        return view.output.gated
    return view.kind == "mlp" and bool(subject.facts.get("gated", False))


def find_statistics(view: UnitView, split: str) -> StatisticsView | None:
    """The numbers of the split; an unknown split is not found, one without numbers is None."""
    found = next((numbers for numbers in view.statistics if numbers.split == split), None)
    if found is None and view.statistics and split not in {s for s, _ in view.exemplar_sets}:
        names = ", ".join(numbers.split for numbers in view.statistics)
        raise NotFoundError(
            f"{view.site}/{view.index} has no numbers on split {split!r}.",
            hint=f"It has numbers on: {names}.",
        )
    return found


def read_lists(session: Session, view: UnitView, *, show: Show, split: str) -> list[Windows]:
    """What the chosen tab shows; random windows always come last."""
    wanted: dict[str, int | None]
    if show == "overview":
        wanted = dict(OVERVIEW)
    elif show == "random":
        wanted = {"random": None}
    else:
        wanted = {KINDS[show]: None, "random": N_RANDOM_BELOW}
    stored = set(view.exemplar_sets)
    limits = {kind: limit for kind, limit in wanted.items() if (split, kind) in stored}
    if not limits:
        return []
    found = list_exemplars(
        session,
        model=view.model,
        site=view.site,
        index=view.index,
        split=split,
        run_id=view.run_id,
        limits=limits,
        per_interval=PER_INTERVAL if show == "overview" else None,
    )
    return [Windows(kind, one.items, one.n_kept) for kind, one in found.items()]


def find_scale(statistics: StatisticsView | None, lists: list[Windows]) -> float:
    """The activation of the full colour: one for the whole page, so that lists compare."""
    if statistics is not None and statistics.maximum is not None:
        return max(abs(statistics.maximum), abs(statistics.minimum or 0.0))
    peaks = [abs(item.peak) for windows in lists for item in windows.items]
    return max(peaks, default=1.0)


def read_job(session: Session, run: RunView) -> JobView | None:
    """The job that still fills the run, if it does."""
    if run.status != "running" or run.job_id is None:
        return None
    return get_job(session, job_id=run.job_id)


def read_waiting(session: Session, view: UnitView) -> dict[str, str]:
    """For what is not computed yet: the status of the job that will do it, by kind of job."""
    missing = [
        kind
        for kind, absent in (("output", view.output is None), ("relate", not view.related))
        if absent
    ]
    if not missing:
        return {}
    return {
        job.kind: job.status
        for status in ("queued", "running")
        for job in list_jobs(session, model=view.model, status=status, limit=20).items
        if job.kind in missing
    }
