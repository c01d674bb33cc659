"""Circuits are kept, proved, renamed and deleted.

with open_session(engine, commit=True) as session:
    kept = keep_circuit(session, model="toy", circuit=circuit, actor="me", task="pronouns-48")
    keep_proof(session, model="toy", slug=kept.slug, proof=proof)
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy import Select, case, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from app.errors import BadRequestError
from app.store.audit.noting import note
from app.store.locating import require_model
from app.store.naming import insert_named
from app.store.queries.circuit import get_line, require_circuit
from app.store.queries.task import require_task
from app.store.tables import CircuitTable, CircuitUnitTable, ProofTable, RunTable, SiteTable
from app.store.views.circuit import CircuitLine, ProofLine
from app.store.writing_explanations import storable
from app.store.writing_tasks import packed

if TYPE_CHECKING:
    from analysis.protocol.circuits import Circuit, Node
    from analysis.protocol.proofs import Proof

log = structlog.get_logger("patchclamp.store")

LONGEST_TITLE: Final = 200
CHOSEN: Final = "proof"
"""Kind of the runs that prove units which somebody chose, and not those of the circuit."""
LONGEST_FILE: Final = 200


def keep_circuit(
    session: Session,
    *,
    model: str,
    circuit: "Circuit",
    actor: str,
    title: str | None = None,
    slug: str | None = None,
    task: str | None = None,
    run_id: int | None = None,
    file: str | None = None,
    file_sha256: str | None = None,
) -> CircuitLine:
    """What lists say of the circuit, kept under a slug of its own with its units, so that their
    pages find it. `task`: the slug of a stored one; `file`: it was imported from there. Without a
    title it is called after its task, or else by its prompt. What the run's job kept before, for it
    was interrupted and began anew, is replaced.

    Raises NotFoundError where model or task are missing, ConflictError where the slug is taken,
    BadRequestError where it is none, where the circuit is too large, or where it names neurons or
    heads that the model does not have.
    """
    model_id = require_model(session, name=model)
    task_id = None if task is None else require_task(session, model=model, slug=task)
    if run_id is not None:
        before = CircuitTable.run_id.in_(_runs_of_job(run_id))
        session.execute(delete(CircuitTable).where(before))
    units = _units(session, model_id, model, circuit)
    titled = _title(title or task or circuit.graph.prompt[:LONGEST_TITLE], or_else="circuit")
    number, chosen = insert_named(
        session,
        CircuitTable,
        model_id=model_id,
        slug=slug,
        title=titled,
        values={
            "task_id": task_id,
            "run_id": run_id,
            "title": titled,
            "origin": "found" if file is None else "imported",
            "file": None if file is None else storable(file[-LONGEST_FILE:]),
            "file_sha256": file_sha256,
            "method": circuit.method,
            "ablation": circuit.ablation,
            "n_nodes": len(circuit.graph.nodes),
            "n_links": len(circuit.graph.links),
            "n_units": len(units),
            "n_prompts": circuit.n_pairs,
            "actor": storable(actor),
            "created_at": datetime.now(UTC),
            "content": packed(circuit, "circuit"),
        },
    )
    if units:
        session.execute(insert(CircuitUnitTable), [{"circuit_id": number, **u} for u in units])
    log.info("circuit.kept", circuit=chosen, model=model, actor=actor)
    if run_id is None:  # a job's own is part of what was asked for
        note(
            session, actor=actor, action="circuit.created", model=model,
            subject=f"circuit {chosen}",
            after={"title": titled, "file": file, "file_sha256": file_sha256, "units": len(units)},
        )  # fmt: skip
    return get_line(session, model=model, slug=chosen)


def keep_proof(
    session: Session, *, model: str, slug: str, proof: "Proof", run_id: int | None = None
) -> ProofLine:
    """The circuit's new proof, in place of the same by the run's job; lists tell it where none
    goes before it. Raises NotFoundError."""
    circuit_id = require_circuit(session, model=model, slug=slug)
    if run_id is not None:
        session.execute(
            delete(ProofTable).where(
                ProofTable.circuit_id == circuit_id,
                ProofTable.ablation == proof.ablation,
                ProofTable.prompts == proof.prompts,
                ProofTable.run_id.in_(_runs_of_job(run_id)),
            )
        )
    said = {
        "run_id": run_id,
        "created_at": datetime.now(UTC),
        "ablation": proof.ablation,
        "prompts": proof.prompts,
        "faithfulness": proof.faithfulness.value,
        "random": proof.random.value,
    }
    statement = insert(ProofTable).returning(ProofTable.id)
    values = {"circuit_id": circuit_id, **said, "content": packed(proof, "proof")}
    number = session.execute(statement, values).scalar_one()
    _tell(session, circuit_id)
    log.info("circuit.proved", circuit=slug, model=model, prompts=proof.prompts)
    return ProofLine(id=number, **said)


def rename_circuit(
    session: Session, *, model: str, slug: str, title: str, actor: str
) -> CircuitLine:
    """With this title; its slug stays. Raises NotFoundError."""
    circuit_id = require_circuit(session, model=model, slug=slug)
    old, new = get_line(session, model=model, slug=slug).title, _title(title)
    statement = update(CircuitTable).where(CircuitTable.id == circuit_id)
    session.execute(statement.values(title=new))
    log.info("circuit.renamed", circuit=slug, model=model, actor=actor)
    note(
        session, actor=actor, action="circuit.renamed", model=model, subject=f"circuit {slug}",
        before={"title": old}, after={"title": new},
    )  # fmt: skip
    return get_line(session, model=model, slug=slug)


def delete_circuit(session: Session, *, model: str, slug: str, actor: str) -> None:
    """With its proofs; its task stays, and the run that found it. Raises NotFoundError."""
    circuit_id = require_circuit(session, model=model, slug=slug)
    gone = get_line(session, model=model, slug=slug)
    session.execute(delete(CircuitTable).where(CircuitTable.id == circuit_id))
    log.info("circuit.deleted", circuit=slug, model=model, actor=actor)
    note(
        session, actor=actor, action="circuit.deleted", model=model, subject=f"circuit {slug}",
        before={"title": gone.title, "units": gone.n_units, "actor": gone.actor},
    )  # fmt: skip


def _runs_of_job(run_id: int) -> Select[int]:
    """The run, and those that its job began before."""
    job = select(RunTable.job_id).where(RunTable.id == run_id).scalar_subquery()
    return select(RunTable.id).where(or_(RunTable.id == run_id, RunTable.job_id == job))


def _tell(session: Session, circuit_id: int) -> None:
    """Lists say what held-out prompts say, by the ablation that the circuit was found with; of
    several proofs the newest. Those of units that somebody chose say nothing of the circuit."""
    held_out = case((ProofTable.prompts == "held_out", 0), else_=1)
    its_own = case((ProofTable.ablation == CircuitTable.ablation, 0), else_=1)
    best = session.execute(
        select(ProofTable.prompts, ProofTable.faithfulness, ProofTable.random)
        .join(CircuitTable, CircuitTable.id == ProofTable.circuit_id)
        .outerjoin(RunTable, RunTable.id == ProofTable.run_id)
        .where(CircuitTable.id == circuit_id, RunTable.kind.is_distinct_from(CHOSEN))
        .order_by(held_out, its_own, ProofTable.id.desc())
        .limit(1)
    ).one_or_none()
    if best is None:
        return
    session.execute(
        update(CircuitTable)
        .where(CircuitTable.id == circuit_id)
        .values(proved_on=best.prompts, faithfulness=best.faithfulness, random=best.random)
    )


def _units(session: Session, model_id: int, model: str, circuit: "Circuit") -> list[dict[str, Any]]:
    """The columns of each neuron and head that the graph has a node of, the strongest first: as the
    circuit ranks them, and what it does not rank by the size of its effect."""
    query = select(SiteTable.name, SiteTable.id, SiteTable.n_units)
    sites = {
        site.name: site for site in session.execute(query.where(SiteTable.model_id == model_id))
    }
    nodes: dict[tuple[str, int], list[Node]] = {}
    for node in circuit.graph.nodes:
        if node.unit is None:
            continue
        site = sites.get(node.unit.site)
        if site is None or node.unit.index >= site.n_units:
            raise BadRequestError(
                f"The circuit has a node of {node.unit.site}/{node.unit.index}, which {model} does "
                "not have.",
                hint="Keep it beside the model that it is of.",
            )
        nodes.setdefault((node.unit.site, node.unit.index), []).append(node)
    ranks = {(unit.site, unit.index): rank for rank, (unit, _) in enumerate(circuit.ranking)}
    effects = {unit: _sum(node.effect for node in those) for unit, those in nodes.items()}
    ordered = sorted(
        nodes,
        key=lambda unit: (ranks.get(unit, len(ranks)), -abs(effects[unit] or 0.0), unit),
    )
    return [
        {
            "site_id": sites[site].id,
            "unit_index": index,
            "effect": effects[site, index],
            "exact": _sum(node.exact for node in nodes[site, index]),
            "rank": rank,
        }
        for rank, (site, index) in enumerate(ordered, start=1)
    ]


def _sum(values: Iterable[float | None]) -> float | None:
    """None where one is missing: a sum of some of its nodes would say too little."""
    known = list(values)
    return None if None in known else sum(value for value in known if value is not None)


def _title(title: str, or_else: str = "") -> str:
    text = " ".join(storable(title).split()) or or_else
    if not text or len(text) > LONGEST_TITLE:
        raise BadRequestError(
            f"The title of a circuit has {len(text):,} characters.",
            hint=f"Say what it does in 1 to {LONGEST_TITLE}.",
        )
    return text
