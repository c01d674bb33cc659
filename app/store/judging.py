"""People judge explanations; a later judgement of a person takes the place of the one before.

with open_session(engine, commit=True) as session:
    judge(session, explanation_id=7, actor="ada", rating=Rating("accept", specificity=4))
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final, get_args

import structlog
from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import Session

from app.errors import BadRequestError, ConflictError
from app.store.audit.noting import note
from app.store.fetching import fetch
from app.store.paging import is_integer
from app.store.queries.explanation import no_explanation
from app.store.queries.judgement import JUDGED, view_of
from app.store.tables import ExplanationTable, JudgementTable, ModelTable
from app.store.views.judgement import JudgementView, Verdict
from app.store.writing_explanations import storable

log = structlog.get_logger("patchclamp.store")

MOST_TAGS: Final = 20
LONGEST_TAG: Final = 50
LONGEST_NOTE: Final = 10_000
LOCK: Final = (
    select(ExplanationTable.status, ModelTable.name.label("model"))
    .join(ModelTable, ModelTable.id == ExplanationTable.model_id)
    .where(ExplanationTable.id == bindparam("explanation_id"))
    .with_for_update(of=ExplanationTable, key_share=True)
)
REPLACE: Final = (
    update(JudgementTable)
    .where(
        JudgementTable.explanation_id == bindparam("about"),
        JudgementTable.actor == bindparam("by"),
        JudgementTable.replaced_at.is_(None),
    )
    .values(replaced_at=bindparam("now"))
    .returning(JudgementTable.id)
)


@dataclass(frozen=True)
class Rating:
    verdict: Verdict
    specificity: int | None = None
    sensitivity: int | None = None
    several_meanings: bool = False
    tags: tuple[str, ...] = ()
    note: str = ""

    def checked(self) -> "Rating":
        """As it is stored. Raises BadRequestError."""
        if self.verdict not in get_args(Verdict):
            raise BadRequestError(
                f"{self.verdict!r} is no verdict.", hint=f"Known: {', '.join(get_args(Verdict))}."
            )
        for name in ("specificity", "sensitivity"):
            value = getattr(self, name)
            if value is not None and value not in range(1, 6):
                raise BadRequestError(f"{name} goes from 1 to 5.", hint="Or leave it out.")
        tags = tuple(dict.fromkeys(filter(None, (" ".join(tag.split()) for tag in self.tags))))
        if len(tags) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in tags):
            raise BadRequestError(
                "These are too many tags, or one is too long.",
                hint=f"Give {MOST_TAGS} of {LONGEST_TAG} characters at most.",
            )
        note = self.note.strip()
        if len(note) > LONGEST_NOTE:
            raise BadRequestError(
                "The note is too long.", hint=f"Take {LONGEST_NOTE:,} characters at most."
            )
        return Rating(
            self.verdict,
            self.specificity,
            self.sensitivity,
            self.several_meanings,
            tuple(storable(tag) for tag in tags),
            storable(note),
        )


def judge(
    session: Session,
    *,
    explanation_id: int,
    actor: str,
    rating: Rating,
    assignment_id: int | None = None,
) -> JudgementView:
    """Raises NotFoundError, BadRequestError, and ConflictError where the explanation does not count
    any more: somebody has edited or withdrawn it meanwhile. With an assignment, a campaign asks for
    just this version."""
    rating = rating.checked()
    explained = locked_explanation(session, explanation_id)
    if assignment_id is None and explained.status not in JUDGED:
        raise ConflictError(
            f"Explanation {explanation_id} does not count any more: it was {explained.status}.",
            hint="Judge the version that counts now; its page leads there.",
        )
    now = datetime.now(UTC)
    _replace(session, explanation_id, actor, now)
    row = JudgementTable(
        explanation_id=explanation_id,
        actor=actor,
        verdict=rating.verdict,
        specificity=rating.specificity,
        sensitivity=rating.sensitivity,
        several_meanings=rating.several_meanings,
        tags=list(rating.tags),
        note=rating.note,
        assignment_id=assignment_id,
        created_at=now,
    )
    session.add(row)
    session.flush()
    log.info("explanation.judged", explanation=explanation_id, actor=actor, verdict=row.verdict)
    note(
        session, actor=actor, action="explanation.judged", model=explained.model,
        subject=f"explanation {explanation_id}",
        after=asdict(rating) | ({} if assignment_id is None else {"assignment": assignment_id}),
    )  # fmt: skip
    return view_of(row)


def take_back(session: Session, *, explanation_id: int, actor: str) -> bool:
    """Whether there was a judgement of this person. Raises NotFoundError."""
    explained = locked_explanation(session, explanation_id)
    taken = _replace(session, explanation_id, actor, datetime.now(UTC))
    if taken:
        note(
            session, actor=actor, action="explanation.judgement_taken_back", model=explained.model,
            subject=f"explanation {explanation_id}",
        )  # fmt: skip
    return taken


def locked_explanation(session: Session, explanation_id: int) -> Row[str, str]:
    """Its status and model, against others who change or judge it now. Raises NotFoundError."""
    row = None
    if is_integer(explanation_id):
        row = session.execute(LOCK, {"explanation_id": explanation_id}).one_or_none()
    if row is None:
        raise no_explanation(explanation_id)
    return row


def _replace(session: Session, explanation_id: int, actor: str, now: datetime) -> bool:
    values = {"about": explanation_id, "by": actor, "now": now}
    return fetch(session, REPLACE, values).first() is not None
