"""Units that a search found, as they are shown: the explanation, and why it was found."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Final

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.store.fetching import fetch
from app.store.queries.explanation import lines_of
from app.store.queries.ranking import AnyRow, Candidate, Unit
from app.store.search.asked import Asked
from app.store.search.marking import mark, mark_tokens
from app.store.search.words import LONGEST_PROGRAM, listed_in
from app.store.tables import ExplanationTable, ModelTable, SiteTable, UnitTokensTable
from app.store.views.explanation import ExplanationLine
from app.store.views.search import FoundView, ReasonView

LOOKED_AT: Final = 2_000
"""Listed texts of one program, for those that have the words."""

PROGRAMS = select(
    ExplanationTable.id, func.substr(ExplanationTable.program, 1, LONGEST_PROGRAM).label("program")
).where(
    ExplanationTable.id.in_(bindparam("ids", expanding=True)), ExplanationTable.method != "lookup"
)
TOKENS = select(
    UnitTokensTable.id, UnitTokensTable.peaks, UnitTokensTable.promoted, UnitTokensTable.suppressed
).where(UnitTokensTable.id.in_(bindparam("ids", expanding=True)))
SITES_BY_ID = (
    select(SiteTable.id, SiteTable.name.label("site"), ModelTable.name.label("model"))
    .join(ModelTable, ModelTable.id == SiteTable.model_id)
    .where(SiteTable.id.in_(bindparam("ids", expanding=True)))
)


def show(session: Session, asked: Asked, page: Sequence[tuple[Unit, Candidate]]) -> list[FoundView]:
    there = sorted({site_id for (site_id, _), _ in page})
    sites = {row.id: row for row in fetch(session, SITES_BY_ID, {"ids": there})} if page else {}
    best = {unit: _best(candidate) for unit, candidate in page}
    chosen = [number for number in best.values() if number is not None]
    lines = lines_of(session, chosen)
    programs: Mapping[int, str | None] = {}
    if chosen:
        programs = {row.id: row.program for row in fetch(session, PROGRAMS, {"ids": chosen})}
    units = [candidate.tokens for _, candidate in page if candidate.tokens is not None]
    tokens = {row.id: row for row in fetch(session, TOKENS, {"ids": units})} if units else {}
    return [
        FoundView(
            model=sites[unit[0]].model,
            site=sites[unit[0]].site,
            index=unit[1],
            explanation=lines.get(best[unit] or 0),
            n_explanations=len(candidate.explanations),
            reasons=list(_reasons(asked, candidate, lines.get(best[unit] or 0), programs, tokens)),
        )
        for unit, candidate in page
        if unit[0] in sites
    ]


def _best(candidate: Candidate) -> int | None:
    if not candidate.explanations:
        return None
    return max(candidate.explanations, key=lambda n: (candidate.explanations[n], -n))


def _reasons(
    asked: Asked,
    candidate: Candidate,
    line: ExplanationLine | None,
    programs: Mapping[int, str | None],
    tokens: Mapping[int, AnyRow],
) -> Iterable[ReasonView]:
    if line is not None:
        marked = mark(line.text, asked.words)
        if marked is not None:
            yield ReasonView(
                field="explanation", explanation_id=line.id, marked=marked, cosine=None
            )
        texts_listed = islice(listed_in(programs.get(line.id) or ""), LOOKED_AT)
        listed = mark_tokens(list(texts_listed), asked.words)
        if listed is not None:
            yield ReasonView(field="program", explanation_id=line.id, marked=listed, cosine=None)
    row = tokens.get(candidate.tokens or 0)
    if row is not None:
        for name, texts in (
            ("peaks", row.peaks), ("promoted", row.promoted), ("suppressed", row.suppressed),
        ):  # fmt: skip
            there = mark_tokens(texts, asked.words)
            if there is not None:
                yield ReasonView(field=name, explanation_id=None, marked=there, cosine=None)
    if line is not None and line.id in candidate.cosines:
        yield ReasonView(
            field="meaning",
            explanation_id=line.id,
            marked=None,
            cosine=candidate.cosines[line.id],
        )
