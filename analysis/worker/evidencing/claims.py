"""What is held to account: the explanations that a run has found, in its random order, and what is
known of their units."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from analysis.score.control import TOP, Forecast
from analysis.worker.explaining.order import chunks_of
from app.errors import NotFoundError
from app.store.packing import unpack
from app.store.tables import (
    ExplanationTable,
    OutputSideTable,
    RunTable,
    SiteTable,
    UnitStatisticsTable,
)

COUNTS = ("current", "failed")
"""Whatever a person has replaced or withdrawn is not tested."""


class Claim(NamedTuple):
    """The explanations of one unit."""

    unit: int
    rules: int | None
    """Id of the current one; None where none was found, or a person took it back."""
    program: str | None
    failed: int | None
    """Id of the failed one."""
    output: int | None

    @property
    def ids(self) -> list[int]:
        """Those that get scores."""
        return [n for n in (self.rules, self.failed, self.output) if n is not None]


@dataclass(frozen=True)
class SiteClaims:
    """One site's, in the order in which its units were explained."""

    site: str
    site_id: int
    claims: tuple[Claim, ...]

    @property
    def of_heads(self) -> bool:
        """Of which the length of what they write is replaced, and nothing is said to come of it."""
        return self.site.startswith("attn.")

    def with_program(self) -> list[Claim]:
        return [claim for claim in self.claims if claim.program is not None]

    def foil_of(self, unit: int) -> Claim | None:
        """The next in the random order that has a program: a random other one."""
        at = next(n for n, claim in enumerate(self.claims) if claim.unit == unit)
        turns = (*self.claims[at + 1 :], *self.claims[:at])
        return next((claim for claim in turns if claim.program is not None), None)


def panel_of(site: str, movable: Iterable[int], n: int, *, seed: int) -> list[int]:
    """Random units of the site, explained or not: one more than asked for, since a unit that is
    among them is no control of its own."""
    units = np.sort(np.fromiter(movable, np.int64))
    generator = np.random.default_rng([seed, *site.encode()])
    drawn: list[int] = generator.permutation(units)[: n + 1].tolist()
    return drawn


def explain_run(session: Session, sweep: RunTable) -> RunTable:
    """The newest on this sweep that found rules for units drawn at random. NotFoundError: none."""
    has_rules = exists().where(
        ExplanationTable.run_id == RunTable.id, ExplanationTable.method == "rules"
    )
    rows = session.scalars(
        select(RunTable)
        .where(RunTable.of_run_id == sweep.id, RunTable.kind == "explain", has_rules)
        .order_by(RunTable.id.desc())
    )
    for row in rows:
        if "units" not in row.parameters:
            return row
    raise NotFoundError(
        f"Nothing of run {sweep.id} is explained by rules yet.",
        hint=f"`patchclamp explain --model MODEL --run-id {sweep.id}` explains units at random.",
    )


def read_claims(
    session: Session, run: RunTable, sites: Sequence[SiteTable]
) -> dict[str, SiteClaims]:
    """By site, as far as units are explained."""
    found = {}
    for site, units in _orders(run, sites).items():
        claims = _claims(session, run, site.id)
        known = tuple(claims[unit] for unit in units if unit in claims)
        if known:
            found[site.name] = SiteClaims(site.name, site.id, known)
    return found


def _orders(run: RunTable, sites: Sequence[SiteTable]) -> dict[SiteTable, list[int]]:
    """As the run went, or goes, through the units of each site."""
    only = run.parameters.get("site")
    chosen = {site.name: range(site.n_units) for site in sites if only in (None, site.name)}
    seed, sample = run.parameters.get("seed", 0), run.parameters.get("sample")
    orders: dict[str, list[int]] = {}
    for chunk in chunks_of(chosen, seed=seed, sample=sample):
        orders.setdefault(chunk.site, []).extend(chunk.units)
    return {site: orders[site.name] for site in sites if site.name in orders}


def _claims(session: Session, run: RunTable, site_id: int) -> dict[int, Claim]:
    table = ExplanationTable
    rows = session.execute(
        select(table.id, table.unit_index, table.method, table.status, table.program)
        .where(
            table.run_id == run.id,
            table.site_id == site_id,
            table.method.in_(("rules", "output")),
            table.version == 1,
        )
        .order_by(table.id)
    )
    found: dict[int, Claim] = {}
    for row in rows:
        claim = found.get(row.unit_index, Claim(row.unit_index, None, None, None, None))
        if row.method == "output" and row.status == "current":
            claim = claim._replace(output=row.id)
        elif row.method == "rules" and row.status == "failed":
            claim = claim._replace(failed=row.id)
        elif row.method == "rules" and row.status == "current":
            claim = claim._replace(rules=row.id, program=row.program)
        found[row.unit_index] = claim
    return found


@dataclass(frozen=True)
class Spread:
    """Of a unit on the fit split."""

    mean: float
    deviation: float


def read_spreads(session: Session, *, sweep_id: int, site_id: int) -> dict[int, Spread]:
    """Of units whose activation varies."""
    table = UnitStatisticsTable
    rows = session.execute(
        select(table.unit_index, table.mean, table.variance).where(
            table.run_id == sweep_id, table.site_id == site_id, table.split == "fit"
        )
    )
    return {
        unit: Spread(mean, variance**0.5)
        for unit, mean, variance in rows
        if mean is not None and variance is not None and variance > 0
    }


def output_run(session: Session, sweep: RunTable) -> int | None:
    """The newest finished one of the sweep."""
    return session.scalar(
        select(RunTable.id)
        .where(
            RunTable.of_run_id == sweep.id, RunTable.kind == "output", RunTable.status == "finished"
        )
        .order_by(RunTable.id.desc())
        .limit(1)
    )


def read_forecasts(
    session: Session, *, run_id: int, site_id: int, units: Sequence[int]
) -> dict[int, Forecast]:
    """By unit, the tokens whose centred logit its output vector lifts and lowers most, ten each."""
    table = OutputSideTable
    rows = session.execute(
        select(table.unit_index, table.tokens, table.logits).where(
            table.run_id == run_id, table.site_id == site_id, table.unit_index.in_(list(units))
        )
    )
    found = {}
    for unit, tokens, logits in rows:
        ids, moved = unpack(tokens, np.uint32), unpack(logits, np.float32)
        n = len(ids) // 4
        up, down = slice(0, min(n, TOP)), slice(n, n + min(n, TOP))
        found[unit] = Forecast(
            tuple(ids[up][moved[up] > 0].tolist()), tuple(ids[down][moved[down] < 0].tolist())
        )
    return found
