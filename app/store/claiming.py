"""What a person claims of a unit: written, edited as a new version, withdrawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.orm import Session

from app.errors import BadRequestError, ConflictError
from app.store.audit.noting import note
from app.store.locating import check_index, locate_site
from app.store.paging import is_integer
from app.store.queries.explanation import get_explanation, require_explanation
from app.store.search.vectors import forget_vectors, write_vectors
from app.store.tables import ExplanationTable
from app.store.views.explanation import WORDS_EDITED, ExplanationView
from app.store.writing import insert_rows
from app.store.writing_explanations import SCORED, SCORES, ScoreRow, place_in_search, storable

log = structlog.get_logger("patchclamp.store")

LONGEST_TEXT: Final = 20_000
WORDS_OF_PROGRAM: Final = "words_of_program"
"""In details: the words were written from the program, so a new version writes them anew."""
LOCK = (
    select(ExplanationTable.id)
    .where(ExplanationTable.id == bindparam("explanation_id"))
    .with_for_update(key_share=True)
)
"""Against other changes, not against vectors and scores that point to it: whoever writes these may
hold the lock that we wait for next. SQLite's write lock is taken already, when the transaction
begins."""


@dataclass(frozen=True)
class Claim:
    """What a person says of a unit; the program has been parsed and scored by the caller."""

    text: str
    program: str | None = None
    bits: float | None = None
    n_rules: int | None = None
    n_listed: int | None = None
    scores: Sequence[ScoreRow] = ()
    sweep_id: int | None = None
    """The sweep whose text it was scored on; None: it has no scores."""
    details: Mapping[str, Any] = field(default_factory=dict)
    vector: NDArray[np.float32] | None = None
    """The sentence embedding of the text, where there is one."""


def create_explanation(
    session: Session, *, model: str, site: str, index: int, claim: Claim, actor: str
) -> ExplanationView:
    """A person's claim about a unit, in words, as a program, or both."""
    place = locate_site(session, model=model, site=site)
    check_index(place, index)
    values: dict[str, Any] = {
        "model_id": place.model_id,
        "site_id": place.site_id,
        "unit_index": index,
        "sweep_id": claim.sweep_id or place.run_id,
        "origin_id": None,
        "version": 1,
        "details": dict(claim.details),
    }
    number = _add(session, claim, actor, values)
    log.info(
        "explanation.created", explanation=number, model=model, site=site, unit=index, actor=actor
    )
    note(
        session, actor=actor, action="explanation.created", model=model,
        subject=f"explanation {number}",
        after={"site": site, "index": index, "text": claim.text, "program": claim.program},
    )  # fmt: skip
    return get_explanation(session, explanation_id=number)


def edit_explanation(
    session: Session, *, explanation_id: int, claim: Claim, actor: str
) -> ExplanationView:
    """The claim as a new version of this explanation, which is replaced and stays to be read.

    Raises ConflictError where this is not the version that counts now.
    """
    row = _changeable(session, explanation_id, "edited")
    values: dict[str, Any] = {
        "model_id": row.model_id,
        "site_id": row.site_id,
        "unit_index": row.unit_index,
        "sweep_id": claim.sweep_id or row.sweep_id,
        "origin_id": row.origin_id or row.id,
        "version": row.version + 1,
        "details": {
            "edited_from": row.id, "edited_method": row.method, **claim.details,
            **({WORDS_EDITED: True} if _edits_words(row, claim) else {}),
        },
    }  # fmt: skip
    _settle(session, explanation_id, "replaced", row.details)
    number = _add(session, claim, actor, values)
    log.info("explanation.edited", explanation=number, replaced=explanation_id, actor=actor)
    view = get_explanation(session, explanation_id=number)
    note(
        session, actor=actor, action="explanation.edited", model=view.model,
        subject=f"explanation {number}",
        before={"explanation": row.id, "text": row.text, "program": row.program},
        after={"explanation": number, "text": claim.text, "program": claim.program},
    )  # fmt: skip
    return view


def withdraw_explanation(
    session: Session, *, explanation_id: int, actor: str, reason: str | None = None
) -> ExplanationView:
    """Nobody claims it any longer: it leaves lists and search, and stays to be read."""
    old = _changeable(session, explanation_id, "withdrawn")
    details = {**old.details, "withdrawn_by": actor}
    if reason:
        details["withdrawn_because"] = storable(reason)
    _settle(session, explanation_id, "withdrawn", details)
    log.info("explanation.withdrawn", explanation=explanation_id, actor=actor)
    view = get_explanation(session, explanation_id=explanation_id)
    note(
        session, actor=actor, action="explanation.withdrawn", model=view.model,
        subject=f"explanation {explanation_id}",
        before={"status": old.status}, after={"status": "withdrawn", "because": reason or None},
    )  # fmt: skip
    return view


def _add(session: Session, claim: Claim, actor: str, values: dict[str, Any]) -> int:
    text = claim.text.strip()
    if not text and claim.program is None:
        raise BadRequestError(
            "An explanation needs words or a program.", hint="Write what makes the unit fire."
        )
    if len(text) > LONGEST_TEXT:
        raise BadRequestError(
            f"The text has {len(text):,} characters.", hint=f"Say it in at most {LONGEST_TEXT:,}."
        )
    added = session.execute(
        insert(ExplanationTable)
        .values(
            **values,
            run_id=None,
            method="hand",
            author=storable(actor),
            status="current",
            text=storable(text),
            program=None if claim.program is None else storable(claim.program),
            bits=claim.bits,
            n_rules=claim.n_rules,
            n_listed=claim.n_listed,
            created_at=datetime.now(UTC),
            search_key=None,
        )
        .returning(ExplanationTable.id)
    )
    number = added.scalar_one()
    connection = session.connection()
    insert_rows(connection, SCORES, SCORED, [(number, None, *score) for score in claim.scores])
    place_in_search(connection, [number])
    if claim.vector is not None:
        write_vectors(connection, [number], claim.vector[None])
    return number


def _edits_words(row: Row[*tuple[Any, ...]], claim: Claim) -> bool:
    """Whether the words are others than those that the program came with."""
    if claim.program is None or row.program is None or claim.details.get(WORDS_OF_PROGRAM):
        return False
    if _lines(claim.program) != _lines(row.program):
        return False
    return claim.text.strip() != row.text.strip() or bool(row.details.get(WORDS_EDITED))


def _lines(program: str) -> list[str]:
    return [line.rstrip() for line in program.strip().splitlines()]


def _settle(session: Session, number: int, status: str, details: dict[str, Any]) -> None:
    session.execute(
        update(ExplanationTable)
        .where(ExplanationTable.id == number)
        .values(status=status, details=details)
    )
    connection = session.connection()
    place_in_search(connection, [number])
    forget_vectors(connection, [number])


def _changeable(session: Session, explanation_id: int, done: str) -> Row[*tuple[Any, ...]]:
    """Its row, locked before it is read: who waited for another's change sees what that left."""
    if is_integer(explanation_id):
        session.execute(LOCK, {"explanation_id": explanation_id})
    row = require_explanation(session, explanation_id)
    if row.status in ("replaced", "withdrawn"):
        raise ConflictError(
            f"Explanation {explanation_id} was {row.status}, so it cannot be {done}.",
            hint="See its history for the version that counts now, or write a new one.",
        )
    return row
