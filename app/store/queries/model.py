"""Models, their sites, how statistics are distributed over them, and their vocabularies."""

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable
from threading import Lock
from typing import Any, Literal

import numpy as np
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.errors import BadRequestError, NotFoundError
from app.store.fetching import fetch
from app.store.locating import locate, locate_site, no_model, ordered_splits, require_model
from app.store.packing import unpack, unpack_vocabulary
from app.store.paging import is_name
from app.store.tables import (
    ModelTable,
    SiteSummaryTable,
    SiteTable,
    UnitStatisticsTable,
    VocabularyTable,
)
from app.store.views.model import ModelView, PlaceView, SiteView, SummaryView

STATISTICS = (
    "density", "above", "mean", "variance", "skewness", "kurtosis", "minimum", "maximum",
)  # fmt: skip
SITE_KINDS = ("mlp", "attn")
SUMMARY_COLUMNS = (
    SiteSummaryTable.n_units,
    SiteSummaryTable.n_undefined,
    SiteSummaryTable.n_dead,
    SiteSummaryTable.n_flagged,
    SiteSummaryTable.edges,
    SiteSummaryTable.counts,
    SiteSummaryTable.quantiles,
)

MODEL = select(ModelTable).where(ModelTable.name == bindparam("name"))
SITES = (
    select(SiteTable.id, SiteTable.name, SiteTable.kind, SiteTable.layer, SiteTable.n_units)
    .where(SiteTable.model_id == bindparam("model_id"))
    .order_by(SiteTable.layer, SiteTable.kind)
)
COUNTS = select(
    SiteSummaryTable.site_id,
    SiteSummaryTable.split,
    SiteSummaryTable.n_units + SiteSummaryTable.n_undefined,
).where(SiteSummaryTable.run_id == bindparam("run_id"), SiteSummaryTable.statistic == "mean")
COUNTS_OF_SITE = select(
    SiteSummaryTable.split, SiteSummaryTable.n_units + SiteSummaryTable.n_undefined
).where(
    SiteSummaryTable.run_id == bindparam("run_id"),
    SiteSummaryTable.statistic == "mean",
    SiteSummaryTable.site_id == bindparam("site_id"),
)
SUMMARIES = (
    select(SiteTable.name, SiteTable.kind, SiteTable.layer, *SUMMARY_COLUMNS)
    .join(SiteTable, SiteTable.id == SiteSummaryTable.site_id)
    .where(
        SiteSummaryTable.run_id == bindparam("run_id"),
        SiteSummaryTable.split == bindparam("split"),
        SiteSummaryTable.statistic == bindparam("statistic"),
    )
    .order_by(SiteTable.layer, SiteTable.kind)
)
SUMMARIES_OF_KIND = SUMMARIES.where(SiteTable.kind == bindparam("kind"))

Counts = dict[int, dict[str, int]]
"""Units with statistics, by site id and split."""


def list_models(session: Session, *, models: Collection[str] | None = None) -> list[ModelView]:
    """By name; `models`: only these."""
    query = select(ModelTable).order_by("name")
    if models is not None:
        query = query.where(ModelTable.name.in_(models))
    return [_view(session, row) for row in session.scalars(query)]


def get_model(session: Session, *, name: str, run_id: int | None = None) -> ModelView:
    found = session.scalars(MODEL, {"name": name}).one_or_none() if is_name(name) else None
    if found is None:
        raise no_model(name)
    asked = None if run_id is None else locate(session, model=name, run_id=run_id).run_id
    return _view(session, found, asked)


def list_sites(session: Session, *, model: str, run_id: int | None = None) -> list[SiteView]:
    """From the first layer to the last, attention before the MLP as in the forward pass."""
    if run_id is None:
        model_id = require_model(session, name=model)
        run_id = session.scalar(select(ModelTable.current_run_id).filter_by(id=model_id))
    else:
        model_id = locate(session, model=model, run_id=run_id).model_id
    sites = session.execute(SITES, {"model_id": model_id}).all()
    counts = count_units(session, run_id=run_id, site_ids=[site.id for site in sites])
    return [
        SiteView(
            name=site.name,
            kind=site.kind,
            layer=site.layer,
            n_units=site.n_units,
            unit_count=max(counts[site.id].values(), default=0),
        )
        for site in sites
    ]


def get_place(session: Session, *, model: str, site: str, run_id: int | None = None) -> PlaceView:
    """The site and its model in one read, which a transaction that asks for its units shares."""
    place = locate_site(session, model=model, site=site, run_id=run_id)
    return PlaceView(
        model=place.model,
        site=place.site,
        kind=place.kind,
        layer=place.layer,
        n_units=place.n_units,
        n_layers=place.n_layers,
        facts=place.facts,
        run_id=place.run_id,
        current_run_id=place.current_run_id,
    )


def count_by_split(
    session: Session, *, model: str, site: str, run_id: int | None = None
) -> dict[str, int]:
    """The site's units with statistics, by split, fit first; splits without any are left out."""
    place = locate_site(session, model=model, site=site, run_id=run_id)
    key = {"run_id": place.run_id, "site_id": place.site_id}
    counts = dict(session.execute(COUNTS_OF_SITE, key).all())
    if not counts:
        counts = count_units(session, run_id=place.run_id, site_ids=[place.site_id]).get(
            place.site_id, {}
        )
    return {split: counts[split] for split in ordered_splits(counts) if counts[split]}


def list_summaries(
    session: Session,
    *,
    model: str,
    statistic: str,
    split: str = "fit",
    run_id: int | None = None,
    kind: str | None = None,
) -> list[SummaryView]:
    """One per site that has numbers, by layer; the edges are the same for all of them."""
    check_choice("statistic", statistic, STATISTICS)
    check_kind(kind)
    subject = locate(session, model=model, run_id=run_id)
    query = SUMMARIES if kind is None else SUMMARIES_OF_KIND
    key = {"run_id": subject.run_id, "split": split, "statistic": statistic}
    return [
        SummaryView.of_ours(
            site=row.name,
            kind=row.kind,
            layer=row.layer,
            statistic=statistic,
            split=split,
            n_units=row.n_units,
            n_undefined=row.n_undefined,
            n_dead=row.n_dead,
            n_flagged=row.n_flagged,
            edges=unpack(row.edges, np.float32).tolist(),
            counts=unpack(row.counts, np.uint32).tolist(),
            quantiles=unpack(row.quantiles, np.float32).tolist(),
        )
        for row in fetch(session, query, key if kind is None else {**key, "kind": kind})
    ]


def get_vocabulary(session: Session, *, model: str) -> list[str]:
    """The text of every token id. The list is shared between callers: it must not be changed."""
    query = select(ModelTable.id, ModelTable.tokenizer_sha256).filter_by(
        id=require_model(session, name=model)
    )
    model_id, sha256 = session.execute(query).one()
    return vocabulary_of(session, model_id=model_id, tokenizer_sha256=sha256)


def vocabulary_of(session: Session, *, model_id: int, tokenizer_sha256: str) -> list[str]:
    """As get_vocabulary, for those who have looked the model up already."""
    return _texts_of(session, "tokens", model_id, tokenizer_sha256)


def output_vocabulary_of(session: Session, *, model_id: int, tokenizer_sha256: str) -> list[str]:
    """The text of every column of the unembedding: the vocabulary, but for some toy models."""
    return _texts_of(session, "output_tokens", model_id, tokenizer_sha256)


def _texts_of(
    session: Session,
    which: Literal["tokens", "output_tokens"],
    model_id: int,
    tokenizer_sha256: str,
) -> list[str]:
    key = (session.get_bind().engine.url, model_id, tokenizer_sha256, which)
    with _lock:
        if key in _vocabularies:
            _vocabularies.move_to_end(key)
            return _vocabularies[key]
    stored = session.execute(
        select(VocabularyTable.tokens, VocabularyTable.output_tokens).filter_by(model_id=model_id)
    ).one_or_none()
    if stored is None:
        raise NotFoundError(
            "The model's vocabulary is not stored.",
            hint="Add the model again: `patchclamp models add`.",
        )
    if which == "output_tokens" and stored.output_tokens is None:
        tokens = _texts_of(session, "tokens", model_id, tokenizer_sha256)
    else:
        tokens = unpack_vocabulary(getattr(stored, which))
    with _lock:
        _vocabularies[key] = tokens
        while len(_vocabularies) > KEPT_VOCABULARIES:
            _vocabularies.popitem(last=False)
    return tokens


KEPT_VOCABULARIES = 8
_vocabularies: OrderedDict[tuple[Any, int, str, str], list[str]] = OrderedDict()
"""A tokenizer's hash decides its vocabulary, so that what is kept here never goes stale."""
_lock = Lock()


def count_units(session: Session, *, run_id: int | None, site_ids: Iterable[int]) -> Counts:
    """Units with statistics: from the site's summaries, or counted where it has none yet."""
    counts: Counts = defaultdict(dict)
    if run_id is None:
        return counts
    for site_id, split, n in session.execute(COUNTS, {"run_id": run_id}):
        counts[site_id][split] = n
    missing = set(site_ids).difference(counts)
    if missing:
        statistics = UnitStatisticsTable
        rows = session.execute(
            select(statistics.site_id, statistics.split, func.count())
            .where(statistics.run_id == run_id, statistics.site_id.in_(sorted(missing)))
            .group_by(statistics.site_id, statistics.split)
        )
        for site_id, split, n in rows:
            counts[site_id][split] = n
    return counts


def check_kind(kind: str | None) -> None:
    if kind is not None:
        check_choice("kind", kind, SITE_KINDS)


def check_choice(what: str, value: str, allowed: Iterable[str]) -> None:
    allowed = tuple(allowed)
    if value not in allowed:
        raise BadRequestError(
            f"There is no {what} {value[:60]!r}.", hint=f"Use one of {', '.join(allowed)}."
        )


def _view(session: Session, row: ModelTable, run_id: int | None = None) -> ModelView:
    sites = session.execute(SITES, {"model_id": row.id}).all()
    run_id = row.current_run_id if run_id is None else run_id
    counts = count_units(session, run_id=run_id, site_ids=[site.id for site in sites])
    return ModelView(
        name=row.name,
        title=row.title,
        source=row.source,
        source_kind=row.source_kind,
        architecture=row.architecture,
        facts=row.facts,
        n_layers=row.n_layers,
        n_parameters=row.n_parameters,
        weights_sha256=row.weights_sha256,
        tokenizer_sha256=row.tokenizer_sha256,
        n_units=sum(site.n_units for site in sites),
        unit_count=sum(max(by_split.values(), default=0) for by_split in counts.values()),
        current_run_id=row.current_run_id,
        splits=list(ordered_splits(split for found in counts.values() for split in found)),
        created_at=row.created_at,
    )
