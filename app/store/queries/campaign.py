"""Campaigns as the interface sees them: one, those of a model, how far they are, who has work."""

from collections import defaultdict
from collections.abc import Collection
from statistics import median
from typing import Any, Final

from sqlalchemy import BindParameter, Row, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.choice import Choice
from app.store.fetching import fetch
from app.store.locating import require_model
from app.store.paging import check_limit, is_name, read_cursor, write_cursor
from app.store.peeking import peeks_in
from app.store.queries.reviewer import reviewers_among
from app.store.slugs import is_named
from app.store.tables import (
    AssignmentTable,
    CampaignItemTable,
    CampaignTable,
    DecisionTable,
    ExplanationTable,
    GuidelineTable,
    JudgementTable,
    ModelTable,
    SiteTable,
)
from app.store.views.base import Page
from app.store.views.campaign import (
    AnnotatorView,
    CampaignLine,
    CampaignView,
    GuidelineView,
    ProgressView,
    SkipView,
)

SORT: Final = "newest"
N_SKIPS: Final = 50
MOST_OFFERED: Final = 20
Campaigns, Items, Assignments = CampaignTable, CampaignItemTable, AssignmentTable
JUDGED: Final = (
    select(func.count())
    .select_from(Assignments)
    .where(Assignments.campaign_id == Campaigns.id, Assignments.state == "judged")
    .correlate(Campaigns)
    .scalar_subquery()
)
LINES: Final = select(
    Campaigns.id,
    Campaigns.slug,
    Campaigns.title,
    Campaigns.status,
    Campaigns.n_items,
    Campaigns.n_per_item,
    Campaigns.actor,
    Campaigns.created_at,
    Campaigns.ended_at,
    ModelTable.name.label("model"),
    JUDGED.label("n_judged"),
).join(ModelTable, ModelTable.id == Campaigns.model_id)
FOUND: Final = (
    select(
        Campaigns.id, Campaigns.status, Campaigns.n_per_item, Campaigns.n_items,
        Campaigns.lease_seconds, Campaigns.questions, Campaigns.ended_at,
    )
    .join(ModelTable, ModelTable.id == Campaigns.model_id)
    .where(Campaigns.slug == bindparam("slug"), ModelTable.name == bindparam("model"))
)  # fmt: skip
FOUND_AND_LOCKED: Final = FOUND.with_for_update(of=Campaigns, key_share=True)


def find_campaign(
    session: Session, *, model: str, slug: str, lock: bool = False
) -> Row[*tuple[Any, ...]]:
    """Its id, status, n_per_item, n_items, lease_seconds and questions. Raises NotFoundError."""
    row = None
    if is_named(slug) and is_name(model):
        query = FOUND_AND_LOCKED if lock else FOUND
        row = fetch(session, query, {"slug": slug, "model": model}).one_or_none()
    if row is None:
        require_model(session, name=model)
        raise no_campaign(model, slug)
    return row


def get_campaign(session: Session, *, model: str, slug: str, may_review: bool) -> CampaignView:
    """With its newest guidelines. Raises NotFoundError."""
    found = find_campaign(session, model=model, slug=slug)
    row = session.execute(
        LINES.add_columns(Campaigns.request, Campaigns.questions, Campaigns.lease_seconds).where(
            Campaigns.id == found.id
        )
    ).one()
    told = may_review or row.status == "ended"
    request = dict(row.request)
    n_candidates = request.pop("n_candidates")
    gold = select(func.count()).where(Items.campaign_id == found.id, Items.expected.is_not(None))
    return CampaignView(
        **_line(row),
        questions=row.questions,
        lease_seconds=row.lease_seconds,
        choice=Choice.model_validate(request) if told else None,
        n_candidates=n_candidates if told else None,
        n_gold=session.scalar(gold) if told else None,
        guidelines=list_guidelines(session, campaign_id=found.id, limit=1)[0],
    )


def list_campaigns(
    session: Session, *, model: str, limit: int = 50, cursor: str | None = None
) -> Page[CampaignLine]:
    """Of a model, newest first."""
    check_limit(limit)
    model_id = require_model(session, name=model)
    query = LINES.where(Campaigns.model_id == model_id).order_by(Campaigns.id.desc())
    if cursor is not None:
        query = query.where(Campaigns.id < read_cursor(cursor, SORT)[1])
    rows = session.execute(query.limit(limit + 1)).all()
    more = len(rows) > limit
    return Page[CampaignLine](
        items=[CampaignLine(**_line(row)) for row in rows[:limit]],
        next_cursor=write_cursor(SORT, None, rows[limit - 1].id) if more else None,
    )


def campaigns_with_work_for(
    session: Session, *, actor: str, models: Collection[str] | None = None
) -> list[CampaignLine]:
    """Open ones with an item that this person holds or could be handed now, newest first, 20 at
    most; `models`: only of these, which should be those that they may annotate; None: of all."""
    query = LINES.where(
        Campaigns.status == "open",
        exists().where(
            Items.campaign_id == Campaigns.id,
            or_(
                and_(Items.n_free > 0, open_to(actor)),
                exists().where(
                    Assignments.item_id == Items.id,
                    Assignments.actor == actor,
                    or_(
                        Assignments.state == "leased",
                        and_(Assignments.state == "lapsed", Items.n_free > 0),
                    ),
                ),
            ),
        ),
    )
    if models is not None:
        query = query.where(ModelTable.name.in_(models))
    rows = session.execute(query.order_by(Campaigns.id.desc()).limit(MOST_OFFERED))
    return [CampaignLine(**_line(row)) for row in rows]


def open_to(actor: str | BindParameter[str]) -> Any:  # noqa: ANN401 - a condition on items
    """Items that this person has never had, has not judged elsewhere, did not settle, and did not
    write."""
    return and_(
        ~exists().where(Assignments.item_id == Items.id, Assignments.actor == actor),
        ~judged_by(actor),
        ~exists().where(
            DecisionTable.explanation_id == Items.explanation_id, DecisionTable.actor == actor
        ),
        ~exists().where(
            ExplanationTable.id == Items.explanation_id,
            ExplanationTable.method == "hand",
            ExplanationTable.author == actor,
        ),
    )


def judged_by(actor: str | BindParameter[str]) -> Any:  # noqa: ANN401 - a condition on items
    """Also what they took back since: they have seen what others say."""
    return exists().where(
        JudgementTable.explanation_id == Items.explanation_id, JudgementTable.actor == actor
    )


def list_guidelines(
    session: Session, *, campaign_id: int, limit: int = 50, below: int | None = None
) -> list[GuidelineView]:
    """Versions, newest first."""
    query = (
        select(GuidelineTable)
        .where(GuidelineTable.campaign_id == campaign_id)
        .order_by(GuidelineTable.version.desc())
        .limit(limit)
    )
    if below is not None:
        query = query.where(GuidelineTable.version < below)
    return [
        GuidelineView.model_validate(row, from_attributes=True, extra="ignore")
        for row in session.scalars(query)
    ]


def get_progress(session: Session, *, model: str, slug: str, may_review: bool) -> ProgressView:
    """Raises NotFoundError. Counts what was handed out: for a page, not for each judgement."""
    found = find_campaign(session, model=model, slug=slug)
    here = Assignments.campaign_id == found.id
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    counted = select(Assignments.actor, Assignments.state, func.count()).where(here)
    for actor, state, n in session.execute(counted.group_by(Assignments.actor, Assignments.state)):
        counts[actor][state] = n
    seconds: dict[str, list[float]] = defaultdict(list)
    timed = select(Assignments.actor, Assignments.seconds).where(
        here, Assignments.state == "judged", Assignments.seconds.is_not(None)
    )
    for actor, spent in session.execute(timed):
        seconds[actor].append(spent or 0.0)
    gold = _gold(session, found.id) if may_review else {}
    peeked = peeks_in(session, campaign_id=found.id) if may_review else {}
    reviewers = reviewers_among(session, model=model) if may_review else frozenset()
    done = (
        select(Assignments.item_id)
        .where(here, Assignments.state == "judged")
        .group_by(Assignments.item_id)
        .having(func.count() >= found.n_per_item)
        .subquery()
    )
    total = {
        state: sum(one.get(state, 0) for one in counts.values())
        for state in ("judged", "leased", "skipped")
    }
    return ProgressView(
        n_items=found.n_items,
        n_items_done=session.scalars(select(func.count()).select_from(done)).one(),
        n_wanted=found.n_items * found.n_per_item,
        n_judged=total["judged"],
        n_held=total["leased"],
        n_skipped=total["skipped"],
        annotators=[
            AnnotatorView(
                actor=actor,
                n_judged=counts[actor].get("judged", 0),
                n_skipped=counts[actor].get("skipped", 0),
                seconds=median(seconds[actor]) if seconds[actor] else None,
                n_gold=gold.get(actor, (0, 0))[0] if may_review else None,
                n_gold_right=gold.get(actor, (0, 0))[1] if may_review else None,
                n_peeked=peeked.get(actor, 0) if may_review else None,
                reviews=actor in reviewers if may_review else None,
            )
            for actor in sorted(counts)
        ],
        skips=_skips(session, found.id) if may_review else None,
    )


def _gold(session: Session, campaign_id: int) -> dict[str, tuple[int, int]]:
    """By annotator: gold items judged, and judged rightly."""
    rows = session.execute(
        select(Assignments.actor, Items.expected, JudgementTable.verdict)
        .join(Items, Items.id == Assignments.item_id)
        .join(JudgementTable, JudgementTable.assignment_id == Assignments.id)
        .where(Assignments.campaign_id == campaign_id, Items.expected.is_not(None))
    )
    found: dict[str, tuple[int, int]] = {}
    for actor, expected, verdict in rows:
        n, right = found.get(actor, (0, 0))
        found[actor] = (n + 1, right + (verdict == expected))
    return found


def _skips(session: Session, campaign_id: int) -> list[SkipView]:
    rows = session.execute(
        select(
            SiteTable.name.label("site"), ExplanationTable.unit_index.label("index"),
            ExplanationTable.id.label("explanation_id"), Assignments.actor, Assignments.reason,
            Assignments.ended_at,
        )
        .join(Items, Items.id == Assignments.item_id)
        .join(ExplanationTable, ExplanationTable.id == Items.explanation_id)
        .join(SiteTable, SiteTable.id == ExplanationTable.site_id)
        .where(Assignments.campaign_id == campaign_id, Assignments.state == "skipped")
        .order_by(Assignments.ended_at.desc(), Assignments.id.desc())
        .limit(N_SKIPS)
    )  # fmt: skip
    return [SkipView(**row._mapping) for row in rows]


def no_campaign(model: str, slug: str) -> NotFoundError:
    return NotFoundError(
        f"Model {model} has no campaign {slug[:100]!r}.", hint="See the campaigns of the model."
    )


def _line(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in CampaignLine.model_fields}
