"""`/m/{model}`: facts, the map of the network, runs, and units drawn at random."""

import secrets
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.dependencies import ReadSession
from app.errors import NotFoundError
from app.pages.choosing import AskedRun, ShownRun, read_shown_run
from app.pages.counting import counted_from
from app.pages.distributions import STATISTICS
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.store.queries.circuit import list_circuits
from app.store.queries.claim import best_claims_of
from app.store.queries.exemplar import list_exemplars
from app.store.queries.job import list_jobs
from app.store.queries.model import get_model, list_sites, list_summaries
from app.store.queries.run import list_runs
from app.store.queries.unit import random_units
from app.store.reading import never_negative
from app.store.views.explanation import ClaimLine
from app.store.views.model import ModelView
from app.store.views.unit import ExemplarView, UnitRow

router = APIRouter()

N_RANDOM: Final = 8
N_CIRCUITS: Final = 6
Statistic = Literal[
    "density", "above", "mean", "variance", "skewness", "kurtosis", "minimum", "maximum"
]
Seed = Annotated[int, Query(ge=0, le=2**31 - 1)]


@dataclass(frozen=True)
class Drawn:
    """A unit drawn at random, with one window of its top and one random window."""

    row: UnitRow
    top: ExemplarView | None
    random: ExemplarView | None
    claim: ClaimLine | None
    """What explains it best."""

    @property
    def scale(self) -> float:
        return max(abs(self.row.minimum or 0.0), abs(self.row.maximum or 0.0))


@router.get("/m/{model}")
def show_model(
    request: Request,
    session: ReadSession,
    model: str,
    statistic: Statistic | None = None,
    split: str = "fit",
    seed: Seed = 0,
    run: AskedRun = None,
) -> Response:
    view = get_model(session, name=model, run_id=run)
    context = gather(session, view, run_id=run, statistic=statistic, split=split, seed=seed)
    return respond(request, "model/page.html", context)


@router.get("/m/{model}/random")
def show_random(
    session: ReadSession, model: str, seed: Seed | None = None, run: AskedRun = None
) -> RedirectResponse:
    pages = ModelPages(model, run)
    if seed is None:
        return RedirectResponse(pages.random(secrets.randbelow(1_000_000)), status_code=303)
    drawn = random_units(session, model=model, n=1, seed=seed, run_id=run)
    if not drawn:
        raise NotFoundError(
            f"No unit of {model!r} has statistics yet.", hint="Start a sweep on /jobs."
        )
    return RedirectResponse(pages.unit(drawn[0].site, drawn[0].index), status_code=303)


def gather(
    session: Session,
    view: ModelView,
    *,
    run_id: int | None,
    statistic: Statistic | None,
    split: str,
    seed: int,
) -> dict[str, object]:
    shown = read_shown(session, view, run_id)
    chosen = {kind: statistic or telling_statistic(view, kind) for kind in ("mlp", "attn")}
    maps = {
        kind: list_summaries(
            session, model=view.name, statistic=name, split=split, kind=kind, run_id=run_id
        )
        for kind, name in chosen.items()
        if shown is not None
    }
    return {
        "model": view,
        "shown": shown,
        "run": None if shown is None else shown.run,
        "pages": ModelPages(view.name, run_id),
        "sites": list_sites(session, model=view.name, run_id=run_id),
        "maps": {kind: rows for kind, rows in maps.items() if rows},
        "statistics": STATISTICS,
        "statistic": statistic,
        "chosen": chosen,
        "split": split,
        "seed": seed,
        "counted_from": 0 if shown is None else counted_from(shown.run),
        "drawn": [] if shown is None else draw(session, view.name, seed, run_id),
        "circuits": list_circuits(session, model=view.name, limit=N_CIRCUITS).items,
        "runs": list_runs(session, model=view.name, limit=10).items,
        "jobs": [
            job
            for status in ("running", "queued")
            for job in list_jobs(session, model=view.name, status=status, limit=10).items
        ],
    }


def read_shown(session: Session, view: ModelView, run_id: int | None) -> ShownRun | None:
    """None for a model that has not been swept."""
    run_id = view.current_run_id if run_id is None else run_id
    if run_id is None:
        return None
    return read_shown_run(
        session, model=view.name, run_id=run_id, current_run_id=view.current_run_id
    )


def telling_statistic(view: ModelView, kind: str) -> Statistic:
    """The statistic that tells units of this kind apart, where nobody chose one.

    Gated and smooth activations have about half of their positions above 0 whatever the neuron
    does, so that density tells little; a head's norm is never 0.
    """
    if kind == "attn":
        return "mean"
    return "density" if never_negative(kind, view.facts) else "kurtosis"


def draw(session: Session, model: str, seed: int, run_id: int | None) -> list[Drawn]:
    """Eight neurons by seed, each with its strongest window and a random one."""
    rows = random_units(session, model=model, n=N_RANDOM, seed=seed, kind="mlp", run_id=run_id)
    units = [(row.site, row.index) for row in rows]
    claims = best_claims_of(session, model=model, units=units, run_id=run_id)
    return [_drawn(session, row, run_id, claims.get((row.site, row.index))) for row in rows]


def _drawn(session: Session, row: UnitRow, run_id: int | None, claim: ClaimLine | None) -> Drawn:
    found = list_exemplars(
        session,
        model=row.model,
        site=row.site,
        index=row.index,
        run_id=run_id,
        limits={"top": 1, "random": 1},
    )
    first = {kind: next(iter(view.items), None) for kind, view in found.items()}
    return Drawn(row, first["top"], first["random"], claim)
