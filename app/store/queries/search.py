"""Search: units by the words of their explanations, by their tokens, and by meaning.

What has the words, or means alike, is looked up here; `ranking` puts it in order, `found` says of a
page of it why it was found. Lists are bounded, and the answer says where more matched than was
ranked.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import BadRequestError, NotFoundError
from app.store.fetching import fetch
from app.store.locating import no_model
from app.store.paging import check_limit, is_name, read_cursor, write_cursor
from app.store.queries.explanation import lines_of
from app.store.queries.found import show
from app.store.queries.model import check_choice
from app.store.queries.ranking import (
    LOOKED_THROUGH,
    RANKED,
    AnyRow,
    Candidate,
    Scope,
    Unit,
    rank,
    those_that_count,
)
from app.store.queries.score import METHODS
from app.store.search.asked import Asked, read_asked, shown
from app.store.search.index import EXPLANATIONS, UNITS, facet_of_model, facet_of_run, facet_of_site
from app.store.search.matching import Facets, find_keys
from app.store.search.vectors import Near, nearest
from app.store.tables import ModelTable, SiteTable
from app.store.views.explanation import ExplanationLine
from app.store.views.search import ConsideredView, SearchView

SORT: Final = "search"

SITES = select(SiteTable.id, SiteTable.name.label("site"), ModelTable.name.label("model")).join(
    ModelTable, ModelTable.id == SiteTable.model_id
)

MODELS = select(ModelTable.id, ModelTable.name, ModelTable.current_run_id)


def search(
    session: Session,
    *,
    query: str,
    model: str | None = None,
    site: str | None = None,
    method: str | None = None,
    r_min: float | None = None,
    models: Collection[str] | None = None,
    vector: NDArray[np.float32] | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> SearchView:
    """A page of units. `vector` is the sentence embedding of the query, where there is one;
    `r_min` asks for explanations of at least this simulation r on the test split; `models`: only
    of these."""
    check_limit(limit)
    asked = read_asked(query)
    scope = _scope(session, model, site, method, r_min, models)
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
    candidates, alike = _ranked(session, asked, scope, keys[:RANKED], unit_keys[:RANKED], vector)
    ordered = sorted(candidates.items(), key=lambda item: (-item[1].score, item[0]))
    page = ordered[first : first + limit]
    more = len(ordered) > first + limit
    note = None
    if asked.left_out:
        note = f"Only the first words were looked for: {', '.join(map(shown, asked.words))}."
    if not ordered:
        note = _nothing(session, asked, scope, _everywhere(session, models), vector)
    return SearchView(
        query=asked.text,
        words=[shown(word) for word in asked.words],
        items=show(session, asked, page),
        next_cursor=write_cursor(name, None, first + limit) if more else None,
        considered=_considered(keys, unit_keys, scope, alike),
        semantic=vector is not None,
        note=note,
    )


def search_explanations(
    session: Session,
    *,
    query: str,
    model: str | None = None,
    sites: Sequence[str] | None = None,
    models: Collection[str] | None = None,
    offset: int = 0,
    limit: int = 20,
) -> tuple[list[ExplanationLine], bool]:
    """Explanations that have all the words, best tested first, and whether there are more.

    `sites` are of `model`; those that it does not have are passed over. `models`: only of these.
    """
    asked = read_asked(query)
    facets: list[list[str]] = []
    if model is not None or models is not None:
        facets.append(_facets_of(_models(session, model, models)))
    if sites is not None:
        known = {row.site: row.id for row in _sites(session, _named(model))}
        there = [facet_of_site(known[site]) for site in sites if site in known]
        if not there:
            return [], False
        facets.append(there)
    n = offset + limit + 1
    while True:
        keys = find_keys(session, EXPLANATIONS, asked, facets=facets, n=n)
        ids = those_that_count(session, keys)
        if len(ids) > offset + limit or len(keys) < n:
            break
        n *= 2
    page = ids[offset : offset + limit]
    lines = lines_of(session, page)
    return [lines[number] for number in page], len(ids) > offset + limit


def _scope(
    session: Session,
    model: str | None,
    site: str | None,
    method: str | None,
    r_min: float | None,
    models: Collection[str] | None,
) -> Scope:
    if method is not None:
        check_choice("method", method, METHODS)
    if r_min is not None and not -1 <= r_min <= 1:
        raise BadRequestError(f"{r_min} is no correlation.", hint="Give a number from −1 to 1.")
    if site is not None and model is None:
        raise BadRequestError(
            "A site belongs to a model.", hint="Give the model as well as the site."
        )
    rows = _models(session, model, models)
    runs = [row.current_run_id for row in rows if row.current_run_id is not None]
    explanations: list[list[str]] = []
    of_runs = [facet_of_run(run) for run in runs]
    units: Facets | None = [of_runs]
    site_ids = None
    if model is not None:
        sites = _sites(session, [model])
        site_ids = [row.id for row in sites if site in (None, row.site)]
        if not site_ids and site is not None:
            raise NotFoundError(
                f"Model {model} has no site {site[:60]!r}.",
                hint="Sites are called mlp.LAYER and attn.LAYER, for instance mlp.0.",
            )
        explanations.append(
            [facet_of_model(rows[0].id) if site is None else facet_of_site(site_ids[0])]
        )
        if site is not None:
            units = [of_runs, [facet_of_site(site_ids[0])]]
    elif models is not None:
        explanations.append(_facets_of(rows))
        site_ids = [row.id for row in _sites(session, models)]
    if method is not None:
        explanations.append([method])
    if method is not None or r_min is not None or not runs:
        units = None
    return Scope(explanations, units, site_ids, method, r_min)


def _everywhere(session: Session, models: Collection[str] | None) -> Scope:
    """Where nothing is filtered."""
    if models is None:
        return Scope([], [], None, None, None)
    facets = [_facets_of(_models(session, None, models))]
    return Scope(facets, facets, [row.id for row in _sites(session, models)], None, None)


def _facets_of(rows: Sequence[AnyRow]) -> list[str]:
    """One at least: where there are no models, one that nothing has."""
    return [facet_of_model(row.id) for row in rows] or [facet_of_model(0)]


def _models(
    session: Session, model: str | None, models: Collection[str] | None
) -> Sequence[AnyRow]:
    query = MODELS
    if model is not None:
        if not is_name(model):
            raise no_model(model)
        query = MODELS.where(ModelTable.name == model)
    if models is not None:
        query = query.where(ModelTable.name.in_(models))
    rows: Sequence[AnyRow] = fetch(session, query, {}).all()
    if model is not None and not rows:
        raise no_model(model)
    return rows


def _named(model: str | None) -> list[str] | None:
    return None if model is None else [model]


def _sites(session: Session, models: Collection[str] | None) -> Sequence[AnyRow]:
    query = SITES if models is None else SITES.where(ModelTable.name.in_(models))
    return fetch(session, query.order_by(SiteTable.id), {}).all()


def _ranked(
    session: Session,
    asked: Asked,
    scope: Scope,
    keys: Sequence[int],
    unit_keys: Sequence[int],
    vector: NDArray[np.float32] | None,
) -> tuple[dict[Unit, Candidate], ConsideredView | None]:
    """All candidates, and how many mean alike; None where meaning was not asked for. The nearest
    are filtered after they are taken, so more are taken where too few of the first pass."""
    near: list[Near] = []
    if vector is None or not asked.phrases:
        candidates, _ = rank(session, asked, scope, keys, unit_keys, near)
        none = ConsideredView(what="meaning", n=0, more=False)
        return candidates, None if vector is None else none
    for n in (RANKED, LOOKED_THROUGH):
        near = nearest(session, vector, n=n, site_ids=scope.site_ids)
        candidates, n_alike = rank(session, asked, scope, keys, unit_keys, near)
        if n_alike >= RANKED or len(near) < n:
            break
    more = n_alike > RANKED or len(near) >= n
    return candidates, ConsideredView(what="meaning", n=min(n_alike, RANKED), more=more)


def _considered(
    keys: Sequence[int], unit_keys: Sequence[int], scope: Scope, alike: ConsideredView | None
) -> list[ConsideredView]:
    views = [_bounded("explanations", len(keys))]
    if scope.units is not None:
        views.append(_bounded("units", len(unit_keys)))
    if alike is not None:
        views.append(alike)
    return views


def _bounded(what: Any, n: int) -> ConsideredView:  # noqa: ANN401 - one of the view's words
    return ConsideredView(what=what, n=min(n, RANKED), more=n > RANKED)


def _nothing(
    session: Session,
    asked: Asked,
    scope: Scope,
    everywhere: Scope,
    vector: NDArray[np.float32] | None,
) -> str:
    """What to try instead."""
    if not asked.phrases:
        return "Type a word that an explanation may have, or a token."
    if (scope.explanations or scope.r_min is not None) and (
        _is_there(session, asked, everywhere)
        or _ranked(session, asked, everywhere, (), (), vector)[0]
    ):
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
