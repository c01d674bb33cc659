"""What people talk about, vote on and mark: a unit, an explanation of one, a circuit.

Found by the names that addresses have; raises NotFoundError in the words of the neighbours.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import BadRequestError, NotFoundError
from app.store.locating import require_model
from app.store.paging import is_integer, is_name
from app.store.queries.circuit import no_circuit
from app.store.queries.explanation import no_explanation
from app.store.slugs import is_named
from app.store.tables import CircuitTable, ExplanationTable, ModelTable, SiteTable


@dataclass(frozen=True)
class Topic:
    model_id: int
    model: str
    site_id: int | None = None
    site: str | None = None
    unit_index: int | None = None
    explanation_id: int | None = None
    origin_id: int | None = None
    """Of an explanation: its first version."""
    circuit_id: int | None = None
    circuit: str | None = None

    @property
    def columns(self) -> dict[str, Any]:
        """As rows name it."""
        return {
            "model_id": self.model_id,
            "site_id": self.site_id,
            "unit_index": self.unit_index,
            "explanation_id": self.explanation_id,
            "circuit_id": self.circuit_id,
        }

    @property
    def told(self) -> str:
        """As the audit log names it."""
        if self.circuit is not None:
            return f"circuit {self.circuit}"
        if self.explanation_id is not None:
            return f"explanation {self.explanation_id}"
        return f"{self.site}/{self.unit_index}"


def unit_topic(session: Session, *, model: str, site: str, index: int) -> Topic:
    """Raises NotFoundError."""
    model_id = require_model(session, name=model)
    query = select(SiteTable.id, SiteTable.n_units)
    query = query.where(SiteTable.model_id == model_id, SiteTable.name == site)
    row = session.execute(query).one_or_none() if is_name(site) else None
    if row is None or not 0 <= index < row.n_units:
        raise NotFoundError(
            f"Model {model} has no unit {site[:100]}/{index}.",
            hint="Units are named by site and index, for instance mlp.0/12.",
        )
    return Topic(model_id, model, row.id, site, index)


def explanation_topic(session: Session, *, explanation_id: int) -> Topic:
    """Raises NotFoundError."""
    row = None
    if is_integer(explanation_id):
        query = (
            select(
                ExplanationTable.model_id, ModelTable.name, ExplanationTable.site_id,
                SiteTable.name.label("site"), ExplanationTable.unit_index,
                ExplanationTable.origin_id,
            )
            .join(ModelTable, ModelTable.id == ExplanationTable.model_id)
            .join(SiteTable, SiteTable.id == ExplanationTable.site_id)
            .where(ExplanationTable.id == explanation_id)
        )  # fmt: skip
        row = session.execute(query).one_or_none()
    if row is None:
        raise no_explanation(explanation_id)
    return Topic(
        row.model_id,
        row.name,
        row.site_id,
        row.site,
        row.unit_index,
        explanation_id,
        row.origin_id or explanation_id,
    )


def circuit_topic(session: Session, *, model: str, slug: str) -> Topic:
    """Raises NotFoundError."""
    model_id = require_model(session, name=model)
    query = select(CircuitTable.id).where(
        CircuitTable.model_id == model_id, CircuitTable.slug == slug
    )
    number = session.scalar(query) if is_named(slug) else None
    if number is None:
        raise no_circuit(model, slug)
    return Topic(model_id, model, circuit_id=number, circuit=slug)


def named_topic(
    session: Session,
    *,
    model: str,
    site: str | None = None,
    index: int | None = None,
    explanation_id: int | None = None,
    circuit: str | None = None,
) -> Topic:
    """Whichever of them is named; an explanation's unit need not be. Raises NotFoundError, and
    BadRequestError where it is none, or several."""
    if circuit is not None and site is None and index is None and explanation_id is None:
        return circuit_topic(session, model=model, slug=circuit)
    if explanation_id is not None and circuit is None:
        topic = explanation_topic(session, explanation_id=explanation_id)
        named = (topic.model, site or topic.site, topic.unit_index if index is None else index)
        if named != (model, topic.site, topic.unit_index):  # nor told of another model
            raise no_explanation(explanation_id)
        return topic
    if site is not None and index is not None and circuit is None:
        return unit_topic(session, model=model, site=site, index=index)
    raise BadRequestError(
        "It is not clear what is meant.",
        hint="Name a unit by site and index, or an explanation, or a circuit.",
    )
