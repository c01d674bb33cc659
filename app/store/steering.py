"""Steering vectors are kept and deleted."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy import Row, delete, insert, select
from sqlalchemy.orm import Session

from app.errors import BadRequestError, NotFoundError
from app.store.audit.noting import note
from app.store.locating import no_model
from app.store.packing import pack
from app.store.paging import is_name
from app.store.queries.vector import get_vector
from app.store.tables import ModelTable, VectorTable
from app.store.views.vector import VectorView
from app.store.writing_explanations import storable

log = structlog.get_logger("patchclamp.store")

LONGEST_LABEL: Final = 200
LARGEST_STRENGTH: Final = 1e6
"""As the inference service takes."""
RESID: Final = re.compile(r"resid\.(0|[1-9][0-9]{0,3})")


def create_vector(
    session: Session,
    *,
    model: str,
    site: str,
    label: str,
    values: Sequence[float],
    actor: str,
    default_strength: float | None = None,
) -> VectorView:
    """Kept under an index of its own. `values` are stored as float32.

    Raises NotFoundError where the model or the site is missing, BadRequestError where there are
    not d_model finite numbers.
    """
    subject = _subject(session, model)
    _check_site(subject, model, site)
    label = storable(label).strip()
    if not label or len(label) > LONGEST_LABEL:
        raise BadRequestError(
            f"The label of a vector has {len(label)} characters.",
            hint=f"Say what it is in 1 to {LONGEST_LABEL}.",
        )
    added = session.execute(
        insert(VectorTable)
        .values(
            model_id=subject.id,
            site=site,
            label=label,
            default_strength=_strength(default_strength),
            actor=storable(actor),
            created_at=datetime.now(UTC),
            values=pack(_checked(values, subject.facts["d_model"], model), np.float32),
        )
        .returning(VectorTable.id)
    )
    index = added.scalar_one()
    log.info("vector.created", vector=index, model=model, site=site, actor=actor)
    note(
        session, actor=actor, action="vector.created", model=model, subject=f"vector {index}",
        after={"site": site, "label": label, "default_strength": default_strength},
    )  # fmt: skip
    return get_vector(session, model=model, index=index)


def delete_vector(
    session: Session, *, model: str, index: int, actor: str, site: str | None = None
) -> None:
    """Raises NotFoundError. Its index is not given again."""
    gone = get_vector(session, model=model, site=site, index=index)
    session.execute(delete(VectorTable).where(VectorTable.id == index))
    log.info("vector.deleted", vector=index, model=model, actor=actor)
    note(
        session, actor=actor, action="vector.deleted", model=model, subject=f"vector {index}",
        before={"site": gone.site, "label": gone.label, "actor": gone.actor},
    )  # fmt: skip


def _subject(session: Session, model: str) -> Row[*tuple[int, int, dict[str, object]]]:
    row = None
    if is_name(model):
        query = select(ModelTable.id, ModelTable.n_layers, ModelTable.facts)
        row = session.execute(query.where(ModelTable.name == model)).one_or_none()
    if row is None:
        raise no_model(model)
    return row


def _check_site(subject: Row[*tuple[int, int, dict[str, object]]], model: str, site: str) -> None:
    found = RESID.fullmatch(site)
    if found is None or int(found[1]) >= subject.n_layers:
        raise NotFoundError(
            f"Model {model} has no residual stream {site[:100]!r}.",
            hint=f"Vectors belong to resid.0 to resid.{subject.n_layers - 1}: the stream as it "
            "leaves that layer.",
        )


def _checked(values: Sequence[float], d_model: int, model: str) -> NDArray[np.float32]:
    if len(values) != d_model:
        raise BadRequestError(
            f"The vector has {len(values):,} numbers; the residual stream of {model} has "
            f"{d_model:,}.",
            hint="Give a vector of the same model.",
        )
    with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite, and told
        array = np.asarray(values, np.float64).astype(np.float32)
    wrong = np.flatnonzero(~np.isfinite(array))
    if len(wrong):
        raise BadRequestError(
            f"{len(wrong):,} of the vector's {d_model:,} numbers are NaN, infinite or too large "
            f"for float32; the first is number {wrong[0]}: {values[wrong[0]]}.",
            hint="Give finite numbers.",
        )
    return array


def _strength(strength: float | None) -> float | None:
    if strength is not None and not abs(strength) <= LARGEST_STRENGTH:
        raise BadRequestError(
            f"A strength of {strength} cannot be used.",
            hint=f"Give a number between -{LARGEST_STRENGTH:,.0f} and {LARGEST_STRENGTH:,.0f}.",
        )
    return strength
