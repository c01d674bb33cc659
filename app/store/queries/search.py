"""Search: units by the words of their explanations, by their tokens, and by meaning.

Several ordered lists are made and joined by reciprocal-rank fusion (Cormack, Clarke and Büttcher
2009): explanations that have all the words, by how well they were tested; the same by the share of
their text that was asked for; units whose tokens have all the words; explanations that mean alike.
Each list is bounded, and the answer says where more matched than was ranked.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ARRAY, Integer, Row, any_, bindparam, select
from sqlalchemy.orm import Session

from app.errors import BadRequestError, NotFoundError
from app.store.fetching import fetch
from app.store.locating import no_model
from app.store.paging import check_limit, is_name, read_cursor, write_cursor
from app.store.queries.explanation import lines_of
from app.store.queries.model import check_choice
from app.store.queries.score import METHODS
from app.store.search.asked import Asked, read_asked, shown
from app.store.search.index import EXPLANATIONS, UNITS, facet_of_model, facet_of_run, facet_of_site
from app.store.search.keys import ID_BITS, id_of, last_key, rank_of
from app.store.search.marking import density, mark, mark_tokens
from app.store.search.matching import END, Facets, find_keys
from app.store.search.vectors import Near, nearest
from app.store.search.words import listed_in
from app.store.tables import ExplanationTable, ModelTable, ScoreTable, SiteTable, UnitTokensTable
from app.store.views.explanation import ExplanationLine
from app.store.views.score import IMPORTED
from app.store.views.search import ConsideredView, FoundView, ReasonView, SearchView

RANKED: Final = 200
"""Of each list."""
FUSION: Final = 60
"""Of reciprocal-rank fusion, as in the paper."""
LOOKED_AT: Final = 2_000
"""Listed texts of one program, for those that have the words."""
SORT: Final = "search"

Explanations, Scores = ExplanationTable, ScoreTable
CANDIDATE = select(
    Explanations.id,
    Explanations.site_id,
    Explanations.unit_index,
    Explanations.method,
    Explanations.search_key,
    Explanations.text,
).where(Explanations.search_key.is_not(None))
CANDIDATES = CANDIDATE.where(Explanations.id.in_(bindparam("ids", expanding=True)))
CANDIDATES_OF_ARRAY = CANDIDATE.where(
    Explanations.id == any_(bindparam("ids", type_=ARRAY(Integer)))
)
"""One value instead of hundreds, on PostgreSQL."""
PROGRAMS = select(Explanations.id, Explanations.program).where(
    Explanations.id.in_(bindparam("ids", expanding=True)), Explanations.method != "lookup"
)
TESTED = select(Scores.explanation_id, Scores.judge, Scores.r).where(
    Scores.explanation_id.in_(bindparam("ids", expanding=True)),
    Scores.split == "test",
    Scores.judge.not_like(f"{IMPORTED}%"),
    Scores.r.is_not(None),
)
UNIT_TOKENS = select(
    UnitTokensTable.id,
    UnitTokensTable.site_id,
    UnitTokensTable.unit_index,
    UnitTokensTable.search_key,
).where(UnitTokensTable.id.in_(bindparam("ids", expanding=True)))
TOKENS = select(
    UnitTokensTable.id, UnitTokensTable.peaks, UnitTokensTable.promoted, UnitTokensTable.suppressed
).where(UnitTokensTable.id.in_(bindparam("ids", expanding=True)))
SITES = select(SiteTable.id, SiteTable.name.label("site"), ModelTable.name.label("model")).join(
    ModelTable, ModelTable.id == SiteTable.model_id
)
SITES_BY_ID = SITES.where(SiteTable.id.in_(bindparam("ids", expanding=True)))
MODELS = select(ModelTable.id, ModelTable.name, ModelTable.current_run_id)

Unit = tuple[int, int]
"""Site id and index."""
AnyRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class Scope:
    """What the filters leave."""

    explanations: Facets
    units: Facets | None
    """None: only explanations are asked for."""
    site_ids: list[int] | None
    method: str | None
    r_min: float | None

    @property
    def below(self) -> int:
        return END if self.r_min is None else last_key(self.r_min)


@dataclass
class Candidate:
    """A unit, and in which places of the lists it stands."""

    score: float = 0.0
    explanations: dict[int, float] = field(default_factory=dict)
    """What each of its explanations adds."""
    cosines: dict[int, float] = field(default_factory=dict)
    tokens: int | None = None
    """Its row of `UnitTokensTable`."""


def search(
    session: Session,
    *,
    query: str,
    model: str | None = None,
    site: str | None = None,
    method: str | None = None,
    r_min: float | None = None,
    vector: NDArray[np.float32] | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> SearchView:
    """A page of units. `vector` is the sentence embedding of the query, where there is one;
    `r_min` asks for explanations of at least this simulation r on the test split."""
    check_limit(limit)
    asked = read_asked(query)
    scope = _scope(session, model, site, method, r_min)
    name = f"{SORT}:{crc32(repr((asked, model, site, method, r_min)).encode()):08x}"
    first = 0 if cursor is None else read_cursor(cursor, name)[1]
    keys = find_keys(
        session, EXPLANATIONS, asked, facets=scope.explanations, below=scope.below, n=RANKED + 1
    )
    unit_keys: list[int] = []
    if scope.units is not None:
        unit_keys = find_keys(
            session, UNITS, asked, facets=scope.units, n=RANKED + 1, phrases=False
        )
    near: list[Near] = []
    if vector is not None and asked.phrases:
        near = nearest(session, vector, n=RANKED, site_ids=scope.site_ids)
    candidates, n_alike = _rank(session, asked, scope, keys[:RANKED], unit_keys[:RANKED], near)
    ordered = sorted(candidates.items(), key=lambda item: (-item[1].score, item[0]))
    page = ordered[first : first + limit]
    more = len(ordered) > first + limit
    note = None
    if asked.left_out:
        note = f"Only the first words were looked for: {', '.join(map(shown, asked.words))}."
    if not ordered:
        note = _nothing(session, asked, scope)
    return SearchView(
        query=asked.text,
        words=[shown(word) for word in asked.words],
        items=_show(session, asked, page),
        next_cursor=write_cursor(name, None, first + limit) if more else None,
        considered=_considered(keys, unit_keys, scope, n_alike if vector is not None else None),
        semantic=vector is not None,
        note=note,
    )


def search_explanations(
    session: Session,
    *,
    query: str,
    model: str | None = None,
    sites: Sequence[str] | None = None,
    offset: int = 0,
    limit: int = 20,
) -> tuple[list[ExplanationLine], bool]:
    """Explanations that have all the words, best tested first, and whether there are more.

    `sites` are of `model`; those that it does not have are passed over.
    """
    asked = read_asked(query)
    facets: list[list[str]] = []
    if model is not None:
        facets.append([facet_of_model(_models(session, model)[0].id)])
    if sites is not None:
        known = {row.site: row.id for row in _sites(session, model)}
        there = [facet_of_site(known[site]) for site in sites if site in known]
        if not there:
            return [], False
        facets.append(there)
    keys = find_keys(session, EXPLANATIONS, asked, facets=facets, n=offset + limit + 1)
    ids = [id_of(key) for key in keys[offset : offset + limit]]
    lines = lines_of(session, ids)
    return [lines[number] for number in ids if number in lines], len(keys) > offset + limit


def _scope(
    session: Session, model: str | None, site: str | None, method: str | None, r_min: float | None
) -> Scope:
    if method is not None:
        check_choice("method", method, METHODS)
    if r_min is not None and not -1 <= r_min <= 1:
        raise BadRequestError(f"{r_min} is no correlation.", hint="Give a number from −1 to 1.")
    if site is not None and model is None:
        raise BadRequestError(
            "A site belongs to a model.", hint="Give the model as well as the site."
        )
    models = _models(session, model)
    runs = [row.current_run_id for row in models if row.current_run_id is not None]
    explanations: list[list[str]] = []
    of_runs = [facet_of_run(run) for run in runs]
    units: Facets | None = [of_runs]
    site_ids = None
    if model is not None:
        sites = _sites(session, model)
        site_ids = [row.id for row in sites if site in (None, row.site)]
        if not site_ids and site is not None:
            raise NotFoundError(
                f"Model {model} has no site {site[:60]!r}.",
                hint="Sites are called mlp.LAYER and attn.LAYER, for instance mlp.0.",
            )
        explanations.append(
            [facet_of_model(models[0].id) if site is None else facet_of_site(site_ids[0])]
        )
        if site is not None:
            units = [of_runs, [facet_of_site(site_ids[0])]]
    if method is not None:
        explanations.append([method])
    if method is not None or r_min is not None or not runs:
        units = None
    return Scope(explanations, units, site_ids, method, r_min)


def _models(session: Session, model: str | None) -> Sequence[AnyRow]:
    query = MODELS
    if model is not None:
        if not is_name(model):
            raise no_model(model)
        query = MODELS.where(ModelTable.name == model)
    rows: Sequence[AnyRow] = fetch(session, query, {}).all()
    if model is not None and not rows:
        raise no_model(model)
    return rows


def _sites(session: Session, model: str | None) -> Sequence[AnyRow]:
    query = SITES if model is None else SITES.where(ModelTable.name == model)
    return fetch(session, query.order_by(SiteTable.id), {}).all()


def _rank(
    session: Session,
    asked: Asked,
    scope: Scope,
    keys: Sequence[int],
    unit_keys: Sequence[int],
    near: Sequence[Near],
) -> tuple[dict[Unit, Candidate], int]:
    """Units with what all lists give them, and how many explanations that mean alike passed."""
    found: dict[Unit, Candidate] = defaultdict(Candidate)
    by_key = [id_of(key) for key in keys]
    rows = _candidates(session, scope, {*by_key, *(one.explanation_id for one in near)})
    worded = [rows[number] for number, key in zip(by_key, keys, strict=True) if number in rows]
    words = asked.words
    dense = sorted(worded, key=lambda row: (-density(row.text, words), row.search_key))
    cosines = {one.explanation_id: one.cosine for one in near}
    alike = [rows[one.explanation_id] for one in near if one.explanation_id in rows]
    for ranked in (worded, dense, alike):
        _add_explanations(found, ranked)
    for row in alike:
        found[row.site_id, row.unit_index].cosines[row.id] = cosines[row.id]
    if unit_keys:
        ids = [id_of(key) for key in unit_keys]
        units = {row.id: row for row in fetch(session, UNIT_TOKENS, {"ids": ids})}
        for place, number in enumerate(ids):
            if number in units:
                unit = found[units[number].site_id, units[number].unit_index]
                unit.score += 1 / (FUSION + place)
                unit.tokens = number
    return found, len(alike)


def _add_explanations(found: dict[Unit, Candidate], ranked: Sequence[AnyRow]) -> None:
    """A unit gets what its best explanation in the list is worth; the others do not add to it."""
    seen: set[Unit] = set()
    for place, row in enumerate(ranked):
        unit = (row.site_id, row.unit_index)
        worth = 1 / (FUSION + place)
        candidate = found[unit]
        candidate.explanations[row.id] = candidate.explanations.get(row.id, 0.0) + worth
        if unit not in seen:
            candidate.score += worth
            seen.add(unit)


def _candidates(session: Session, scope: Scope, ids: set[int]) -> dict[int, AnyRow]:
    """The rows that pass the filters, by id."""
    if not ids:
        return {}
    sqlite = session.get_bind().dialect.name == "sqlite"
    wanted = CANDIDATES if sqlite else CANDIDATES_OF_ARRAY
    rows: dict[int, AnyRow] = {
        row.id: row
        for row in fetch(session, wanted, {"ids": sorted(ids)})
        if scope.method in (None, row.method) and row.search_key < scope.below
    }
    if scope.r_min is None:
        return rows
    border = [n for n, row in rows.items() if row.search_key >> ID_BITS == rank_of(scope.r_min)]
    tested: dict[int, tuple[bool, float]] = {}
    for row in fetch(session, TESTED, {"ids": border}):
        mine = (row.judge == "program", row.r)
        tested[row.explanation_id] = max(mine, tested.get(row.explanation_id, mine))
    for number in border:
        if number not in tested or tested[number][1] < scope.r_min:
            del rows[number]
    return rows


def _considered(
    keys: Sequence[int], unit_keys: Sequence[int], scope: Scope, n_alike: int | None
) -> list[ConsideredView]:
    views = [_bounded("explanations", len(keys))]
    if scope.units is not None:
        views.append(_bounded("units", len(unit_keys)))
    if n_alike is not None:
        views.append(ConsideredView(what="meaning", n=n_alike, more=n_alike >= RANKED))
    return views


def _bounded(what: Any, n: int) -> ConsideredView:  # noqa: ANN401 - one of the view's words
    return ConsideredView(what=what, n=min(n, RANKED), more=n > RANKED)


def _show(
    session: Session, asked: Asked, page: Sequence[tuple[Unit, Candidate]]
) -> list[FoundView]:
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


def _nothing(session: Session, asked: Asked, scope: Scope) -> str:
    """What to try instead."""
    if not asked.phrases:
        return "Type a word that an explanation may have, or a token."
    everywhere = Scope([], [], None, None, None)
    if (scope.explanations or scope.r_min is not None) and _is_there(session, asked, everywhere):
        return "Nothing passes these filters; without them there is something."
    missing = [
        phrase
        for phrase in asked.phrases
        if not _is_there(session, Asked("", (phrase,), False), everywhere)
    ]
    if len(asked.phrases) == 1 or len(missing) == len(asked.phrases):
        return (
            "No explanation and no token has these words. Try other words for the same, or a "
            "token as the model has it."
        )
    if missing:
        named = ", ".join(" ".join(map(shown, phrase)) for phrase in missing)
        return f"Nothing has: {named}. Leave that out to find what has the other words."
    return "Each of the words is somewhere, but nothing has all of them. Leave one out."


def _is_there(session: Session, asked: Asked, scope: Scope) -> bool:
    return bool(
        find_keys(session, EXPLANATIONS, asked, facets=scope.explanations, n=1)
        or find_keys(session, UNITS, asked, facets=scope.units or (), n=1, phrases=False)
    )
