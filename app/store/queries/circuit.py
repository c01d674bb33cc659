"""Circuits as the interface sees them: one, a list of a model's, or those of a unit."""

from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.locating import require_model
from app.store.packing import unpack_json, unpack_text, write_json
from app.store.paging import check_limit, is_integer, is_name, read_cursor, write_cursor
from app.store.queries.model import check_choice
from app.store.queries.task import find_task_line, require_task
from app.store.slugs import is_named
from app.store.tables import (
    CircuitTable,
    CircuitUnitTable,
    ModelTable,
    ProofTable,
    SiteTable,
    TaskTable,
)
from app.store.views.base import Page
from app.store.views.circuit import CircuitLine, CircuitView, ProofView, UnitCircuit

ORIGINS: Final = ("found", "imported")
SORT: Final = "newest"
MOST_PROOFS: Final = 50
"""That are shown of one circuit."""

LINE: Final = (
    CircuitTable.id,
    CircuitTable.slug,
    CircuitTable.title,
    CircuitTable.origin,
    CircuitTable.file,
    CircuitTable.file_sha256,
    CircuitTable.method,
    CircuitTable.ablation,
    CircuitTable.n_nodes,
    CircuitTable.n_links,
    CircuitTable.n_units,
    CircuitTable.n_prompts,
    CircuitTable.proved_on,
    CircuitTable.faithfulness,
    CircuitTable.random,
    CircuitTable.run_id,
    CircuitTable.actor,
    CircuitTable.created_at,
    ModelTable.name.label("model"),
    TaskTable.slug.label("task"),
)
LINES: Final = (
    select(*LINE)
    .join(ModelTable, ModelTable.id == CircuitTable.model_id)
    .outerjoin(TaskTable, TaskTable.id == CircuitTable.task_id)
)


def get_circuit(session: Session, *, model: str, slug: str) -> CircuitView:
    """With its graph, its task and its proofs. Raises NotFoundError."""
    row = _find(session, model, slug, CircuitTable.task_id, CircuitTable.content)
    return CircuitView(
        **_line(row),
        on=None if row.task_id is None else find_task_line(session, task_id=row.task_id),
        circuit=unpack_text(row.content),
        proofs=_proofs(session, row.id),
    )


def get_line(session: Session, *, model: str, slug: str) -> CircuitLine:
    """Without its graph and proofs. Raises NotFoundError."""
    return CircuitLine(**_line(_find(session, model, slug)))


def find_of_run(session: Session, *, run_id: int) -> str | None:
    """The slug of the circuit that the run found; None where it found none."""
    query = select(CircuitTable.slug).where(CircuitTable.run_id == run_id)
    return session.scalar(query.order_by(CircuitTable.id).limit(1))


def get_graph(session: Session, *, model: str, slug: str) -> bytes:
    """The circuit's graph as JSON. Raises NotFoundError."""
    row = _find(session, model, slug, CircuitTable.content)
    return write_json(unpack_json(row.content)["graph"])


def require_circuit(session: Session, *, model: str, slug: str) -> int:
    """The circuit's id; raises NotFoundError."""
    return int(_find(session, model, slug).id)


def list_proofs(session: Session, *, model: str, slug: str) -> list[ProofView]:
    """Of a circuit, newest first. Raises NotFoundError."""
    return _proofs(session, _find(session, model, slug).id)


def get_proof(session: Session, *, model: str, slug: str, proof_id: int) -> ProofView:
    """One of a circuit's. Raises NotFoundError where the circuit or this proof of it is missing."""
    circuit_id = require_circuit(session, model=model, slug=slug)
    row = None
    if is_integer(proof_id):
        query = select(*PROOF).where(ProofTable.circuit_id == circuit_id, ProofTable.id == proof_id)
        row = session.execute(query).one_or_none()
    if row is None:
        raise no_proof(slug, proof_id)
    return _proof(row)


def list_circuits(
    session: Session,
    *,
    model: str,
    task: str | None = None,
    origin: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[CircuitLine]:
    """Of a model, newest first; `task`: the slug of the one that they were found on. Raises
    NotFoundError where the model or the task is missing."""
    check_limit(limit)
    model_id = require_model(session, name=model)
    query = LINES.where(CircuitTable.model_id == model_id).order_by(CircuitTable.id.desc())
    if task is not None:
        query = query.where(CircuitTable.task_id == require_task(session, model=model, slug=task))
    if origin is not None:
        check_choice("origin of circuits", origin, ORIGINS)
        query = query.where(CircuitTable.origin == origin)
    if cursor is not None:
        query = query.where(CircuitTable.id < read_cursor(cursor, SORT)[1])
    rows = session.execute(query.limit(limit + 1)).all()
    more = len(rows) > limit
    return Page[CircuitLine](
        items=[CircuitLine(**_line(row)) for row in rows[:limit]],
        next_cursor=write_cursor(SORT, None, rows[limit - 1].id) if more else None,
    )


def circuits_of_unit(
    session: Session,
    *,
    model: str,
    site: str,
    index: int,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[UnitCircuit]:
    """Those that a neuron or head takes part in, newest first. Raises NotFoundError where the
    model or the unit is missing."""
    check_limit(limit)
    query = (
        select(*TAKES_PART)
        .join(CircuitTable, CircuitTable.id == CircuitUnitTable.circuit_id)
        .outerjoin(TaskTable, TaskTable.id == CircuitTable.task_id)
        .where(
            CircuitUnitTable.site_id == _site(session, model, site, index),
            CircuitUnitTable.unit_index == index,
        )
        .order_by(CircuitTable.id.desc())
    )
    if cursor is not None:
        query = query.where(CircuitTable.id < read_cursor(cursor, SORT)[1])
    rows = session.execute(query.limit(limit + 1)).all()
    more = len(rows) > limit
    return Page[UnitCircuit](
        items=[
            UnitCircuit(**{name: row._mapping[name] for name in UnitCircuit.model_fields})
            for row in rows[:limit]
        ],
        next_cursor=write_cursor(SORT, None, rows[limit - 1].id) if more else None,
    )


TAKES_PART: Final = (
    CircuitTable.id,
    CircuitTable.slug,
    CircuitTable.title,
    CircuitTable.origin,
    TaskTable.slug.label("task"),
    CircuitTable.n_units,
    CircuitUnitTable.effect,
    CircuitUnitTable.exact,
    CircuitUnitTable.rank,
    CircuitTable.created_at,
)
PROOF: Final = (
    ProofTable.id,
    ProofTable.run_id,
    ProofTable.created_at,
    ProofTable.ablation,
    ProofTable.prompts,
    ProofTable.faithfulness,
    ProofTable.random,
    ProofTable.content,
)


def no_circuit(model: str, slug: str) -> NotFoundError:
    return NotFoundError(
        f"Model {model} has no circuit {slug[:100]!r}.",
        hint="It may have been deleted; see the circuits of the model.",
    )


def no_proof(slug: str, proof_id: int) -> NotFoundError:
    return NotFoundError(
        f"Circuit {slug} has no proof {proof_id}.",
        hint="A newer one may have taken its place; the circuit's page names its proofs.",
    )


def _find(session: Session, model: str, slug: str, *more: Any) -> Row[*tuple[Any, ...]]:  # noqa: ANN401 - columns
    row = None
    if is_named(slug) and is_name(model):
        query = LINES.add_columns(*more)
        query = query.where(CircuitTable.slug == slug, ModelTable.name == model)
        row = session.execute(query).one_or_none()
    if row is None:
        require_model(session, name=model)
        raise no_circuit(model, slug)
    return row


def _site(session: Session, model: str, site: str, index: int) -> int:
    """The site's id, once it is sure to have the unit."""
    model_id = require_model(session, name=model)
    row = None
    if is_name(site) and is_integer(index):
        query = select(SiteTable.id, SiteTable.n_units)
        query = query.where(SiteTable.model_id == model_id, SiteTable.name == site)
        row = session.execute(query).one_or_none()
    if row is None or index >= row.n_units:
        raise NotFoundError(
            f"Model {model} has no unit {site[:100]}/{index}.",
            hint="Units are called as in mlp.0/3: their site, and their index in it.",
        )
    return int(row.id)


def _proofs(session: Session, circuit_id: int) -> list[ProofView]:
    query = (
        select(*PROOF)
        .where(ProofTable.circuit_id == circuit_id)
        .order_by(ProofTable.id.desc())
        .limit(MOST_PROOFS)
    )
    return [_proof(row) for row in session.execute(query)]


def _proof(row: Row[*tuple[Any, ...]]) -> ProofView:
    return ProofView(
        id=row.id,
        run_id=row.run_id,
        created_at=row.created_at,
        ablation=row.ablation,
        prompts=row.prompts,
        faithfulness=row.faithfulness,
        random=row.random,
        proof=unpack_text(row.content),
    )


def _line(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in CircuitLine.model_fields}
