"""What people answer in a campaign: a judgement, that they skip it, or what they have so far.

answered = submit(session, model="toy", slug="rules", number=7, actor="ada", rating=rating)
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import Session

from app.errors import BadRequestError, ConflictError
from app.store.assigning import JUDGED_ELSEWHERE, close, lease_end, take_place
from app.store.audit.noting import note
from app.store.fetching import fetch
from app.store.judging import Rating, judge
from app.store.queries.assignment import find_assignment, newest_version
from app.store.queries.campaign import find_campaign
from app.store.queries.judgement import judgement_of_assignment, may_be_swayed
from app.store.tables import AssignmentTable, CampaignItemTable, GuidelineTable
from app.store.views.campaign import DraftView, KeptView
from app.store.views.judgement import JudgementView
from app.store.writing_explanations import storable

AnyRow = Row[*tuple[Any, ...]]
Items, Assignments = CampaignItemTable, AssignmentTable
LONGEST_REASON: Final = 1_000
LONGEST_SECONDS: Final = 86_400.0
OPEN: Final = ("leased", "lapsed")
ANSWER: Final = (
    update(Assignments)
    .where(Assignments.id == bindparam("number"))
    .values(
        state="judged", ended_at=bindparam("at"), guideline_id=bindparam("shown"),
        seconds=bindparam("taken"), draft=None,
    )
)  # fmt: skip


@dataclass(frozen=True)
class Answered:
    """What came of a submission: the judgement, or why it does not count. Then what was sent is
    kept as a draft, so the session has to be committed before the refusal is raised."""

    judgement: JudgementView | None
    refused: ConflictError | None = None


def submit(
    session: Session,
    *,
    model: str,
    slug: str,
    number: int,
    actor: str,
    rating: Rating,
    guideline_version: int | None = None,
    seconds: float | None = None,
) -> Answered:
    """The same submission twice counts once. `guideline_version`: what the person was shown; left
    out: what they were handed. Raises NotFoundError, and BadRequestError for what is no answer to
    what is asked."""
    campaign = find_campaign(session, model=model, slug=slug)
    row = find_assignment(session, campaign_id=campaign.id, number=number, actor=actor, lock=True)
    rating = rating.checked()
    _check_asked(rating, campaign.questions)
    if row.state == "judged":
        return _again(judgement_of_assignment(session, assignment_id=number), rating)
    guideline_id = _shown(session, row, guideline_version)
    explanation_id: int = row.explanation_id
    refused = _refusal(campaign, row)
    if refused is None and may_be_swayed(session, explanation_id=explanation_id, actor=actor):
        close(session, row, JUDGED_ELSEWHERE)
        return Answered(None, ConflictError(
            "You have judged this explanation on its own page meanwhile, so this would not be "
            "blind.", hint="What you said there counts there. Go on to the next item.",
        ))  # fmt: skip
    if refused is None and row.state == "lapsed" and not take_place(session, row.item_id):
        refused = ConflictError(
            "You had this item for longer than it was kept for you, and its last place has been "
            "given to somebody else.",
            hint="What you wrote is kept. Send it again later, in case a place becomes free, or "
            "go on to the next item.",
        )
    if refused is not None:
        if row.state in OPEN:
            _keep(session, campaign, row, _draft(rating, seconds))
        return Answered(None, refused)
    judgement = judge(
        session,
        explanation_id=explanation_id,
        actor=actor,
        rating=rating,
        assignment_id=number,
    )
    values = {
        "number": number, "at": datetime.now(UTC), "shown": guideline_id,
        "taken": _bounded(seconds),
    }  # fmt: skip
    fetch(session, ANSWER, values)
    return Answered(judgement)


def skip(session: Session, *, model: str, slug: str, number: int, actor: str, reason: str) -> None:
    """The place is free again; the person is not handed the item another time. Twice is once.
    Raises NotFoundError, BadRequestError without a reason, ConflictError where it was judged."""
    reason = storable(reason.strip())
    if not reason or len(reason) > LONGEST_REASON:
        raise BadRequestError(
            "Skipping takes a reason.", hint=f"Say it in 1 to {LONGEST_REASON:,} characters."
        )
    campaign = find_campaign(session, model=model, slug=slug)
    row = find_assignment(session, campaign_id=campaign.id, number=number, actor=actor, lock=True)
    if row.state == "skipped":
        return
    if row.state == "judged":
        raise ConflictError("You have judged this item already.", hint="Go on to the next one.")
    close(session, row, reason)
    note(
        session, actor=actor, action="campaign.skipped", model=model, subject=f"campaign {slug}",
        after={"assignment": number, "reason": reason},
    )  # fmt: skip


def keep_draft(
    session: Session, *, model: str, slug: str, number: int, actor: str, draft: DraftView
) -> KeptView:
    """Whoever writes is still there: what they hold is kept for them anew. Raises NotFoundError,
    and ConflictError where the item is answered."""
    campaign = find_campaign(session, model=model, slug=slug)
    row = find_assignment(session, campaign_id=campaign.id, number=number, actor=actor, lock=True)
    if row.state not in OPEN:
        raise ConflictError(
            "This item is answered: there is nothing to keep a draft of.",
            hint="Ask for the next one.",
        )
    until = _keep(session, campaign, row, draft)
    version = newest_version(session, campaign_id=campaign.id)
    return KeptView(state=row.state, leased_until=until, guideline_version=version)


def _keep(session: Session, campaign: AnyRow, row: AnyRow, draft: DraftView) -> datetime:
    """Until when the item is theirs."""
    until: datetime = lease_end(campaign) if row.state == "leased" else row.leased_until
    kept = {**draft.model_dump(mode="json"), "seconds": _bounded(draft.seconds)}
    kept |= {"note": storable(draft.note), "tags": [storable(tag) for tag in draft.tags]}
    session.execute(
        update(Assignments).where(Assignments.id == row.id).values(draft=kept, leased_until=until)
    )
    return until


def _draft(rating: Rating, seconds: float | None) -> DraftView:
    return DraftView(
        verdict=rating.verdict, specificity=rating.specificity, sensitivity=rating.sensitivity,
        several_meanings=rating.several_meanings, tags=rating.tags, note=rating.note,
        seconds=seconds,
    )  # fmt: skip


def _bounded(seconds: float | None) -> float | None:
    """What somebody else's clock says; a day at most."""
    return None if seconds is None else min(max(seconds, 0.0), LONGEST_SECONDS)


def _check_asked(rating: Rating, questions: list[str]) -> None:
    said = {
        "specificity": rating.specificity is not None,
        "sensitivity": rating.sensitivity is not None,
        "several_meanings": rating.several_meanings,
        "tags": bool(rating.tags),
        "note": bool(rating.note),
    }
    for name, given in said.items():
        if given and name not in questions:
            raise BadRequestError(
                f"This campaign does not ask for {name}.",
                hint=f"Besides the verdict it asks for: {', '.join(questions) or 'nothing'}.",
            )


def _again(given: JudgementView, rating: Rating) -> Answered:
    same = Rating(
        given.verdict, given.specificity, given.sensitivity, given.several_meanings,
        tuple(given.tags), given.note,
    )  # fmt: skip
    if same == rating:
        return Answered(given)
    return Answered(None, ConflictError(
        f"You have judged this item already: {given.verdict}.",
        hint="That counts in the campaign. The explanation's own page takes another judgement.",
    ))  # fmt: skip


def _refusal(campaign: AnyRow, row: AnyRow) -> ConflictError | None:
    if row.state == "skipped":
        return ConflictError("You have skipped this item.", hint="Go on to the next one.")
    if campaign.status == "ended":
        return ConflictError(
            f"The campaign ended on {campaign.ended_at:%Y-%m-%d at %H:%M} UTC, and takes no more "
            "judgements.",
            hint="What you wrote is kept. The explanation's own page takes judgements.",
        )
    return None


def _shown(session: Session, row: AnyRow, version: int | None) -> int:
    """The guidelines that they had before them. Raises BadRequestError for a version that there is
    none of."""
    if version is None:
        handed: int = row.guideline_id
        return handed
    query = select(GuidelineTable.id).where(
        GuidelineTable.campaign_id == row.campaign_id, GuidelineTable.version == version
    )
    found = session.scalar(query)
    if found is None:
        raise BadRequestError(
            f"There is no version {version} of the guidelines.", hint="Name the one that was shown."
        )
    return found
