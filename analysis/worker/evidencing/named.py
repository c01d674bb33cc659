"""Explanations that somebody names to be held to account, whoever wrote them."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from analysis.worker.evidencing.claims import Claim, SiteClaims
from app.errors import BadRequestError, NotFoundError
from app.store.tables import ExplanationTable, RunTable, SiteTable


def name_claims(
    session: Session, sweep: RunTable, ids: Sequence[int], among: Mapping[str, SiteClaims]
) -> tuple[dict[str, SiteClaims], dict[str, tuple[Claim, ...]]]:
    """The sites with these at the head of their claims, and these alone; `among`: what a run has
    found, from which another unit's explanation is taken.

    Raises NotFoundError; BadRequestError for what cannot be held to account.
    """
    chosen: dict[str, list[Claim]] = {}
    site_ids: dict[str, int] = {}
    for number in dict.fromkeys(ids):
        row = _read(session, number)
        if row is None:
            raise NotFoundError(f"There is no explanation {number}.", hint="See the unit's page.")
        claim = _claim(row, sweep)
        site_ids[row.name] = row.site_id
        of_site = chosen.setdefault(row.name, [])
        if any(one.unit == claim.unit for one in of_site):
            raise BadRequestError(
                f"Explanation {number} is of a unit that another of these explains, too.",
                hint="Ask for one explanation of a unit at a time.",
            )
        of_site.append(claim)
    found = {site: tuple(claims) for site, claims in chosen.items()}
    return {
        site: _with(found[site], among.get(site) or SiteClaims(site, site_ids[site], ()))
        for site in found
    }, found


def _read(session: Session, number: int) -> Row[*tuple[object, ...]] | None:
    table = ExplanationTable
    return session.execute(
        select(
            table.id, table.unit_index, table.method, table.status, table.program, table.sweep_id,
            table.site_id, SiteTable.name,
        )
        .join(SiteTable, SiteTable.id == table.site_id)
        .where(table.id == number)
    ).one_or_none()  # fmt: skip


def _claim(row: Row[*tuple[object, ...]], sweep: RunTable) -> Claim:
    why = None
    if row.sweep_id != sweep.id:
        why, hint = f"is of run {row.sweep_id}, not of run {sweep.id}", "Name its own sweep."
    elif row.status != "current":
        why, hint = f"is {row.status}", "Take the current one of its unit."
    elif row.method == "lookup":
        why, hint = "is a token lookup", "It is what others are compared with."
    elif row.program is None and row.method != "output":
        why, hint = "has no program", "Give it one: without, nothing can take the unit's place."
    if why is not None:
        raise BadRequestError(f"Explanation {row.id} {why}.", hint=hint)
    if row.method == "output":
        return Claim(row.unit_index, None, None, None, row.id)
    return Claim(row.unit_index, row.id, row.program, None, None)


def _with(named: Sequence[Claim], site: SiteClaims) -> SiteClaims:
    units = {claim.unit for claim in named}
    others = tuple(claim for claim in site.claims if claim.unit not in units)
    return SiteClaims(site.site, site.site_id, (*named, *others))
