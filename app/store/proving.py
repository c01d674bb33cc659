"""Proofs of units that a reader chose are kept, beside those of the run that found the circuit."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.store.audit.noting import note
from app.store.locating import require_model
from app.store.packing import unpack_json
from app.store.queries.circuit import require_circuit
from app.store.tables import ProofTable, RunTable
from app.store.writing_circuits import CHOSEN, keep_proof
from app.store.writing_explanations import storable

if TYPE_CHECKING:
    from analysis.protocol.proofs import Proof

MOST_CHOSEN: Final = 20
"""Of one circuit; the oldest goes, so that the proof that came with it is never out of sight."""
METHOD: Final = "units chosen on the page, {} ablation"


def keep_chosen_proof(
    session: Session,
    *,
    model: str,
    slug: str,
    proof: "Proof",
    ran: Mapping[str, Any],
    seed: int,
    actor: str,
) -> int:
    """The proof's id. It has a run of its own, and takes the place of one of the same units,
    prompts and ablation. Raises NotFoundError."""
    model_id = require_model(session, name=model)
    circuit_id = require_circuit(session, model=model, slug=slug)
    _make_room(session, circuit_id, proof)
    run_id = _add_run(session, model_id, slug, proof, ran, seed, actor)
    kept = keep_proof(session, model=model, slug=slug, proof=proof, run_id=run_id)
    note(
        session, actor=actor, action="proof.created", model=model, subject=f"circuit {slug}",
        after={"proof": kept.id, "prompts": proof.prompts, "ablation": proof.ablation,
               "units": proof.n_kept},
    )  # fmt: skip
    return kept.id


def _make_room(session: Session, circuit_id: int, proof: "Proof") -> None:
    query = (
        select(ProofTable.id, ProofTable.run_id, ProofTable.content)
        .join(RunTable, RunTable.id == ProofTable.run_id)
        .where(ProofTable.circuit_id == circuit_id, RunTable.kind == CHOSEN)
        .order_by(ProofTable.id.desc())
    )
    fresh = _choice(proof.model_dump(mode="json"))
    kept = 1
    for row in session.execute(query).all():
        kept += 1
        if kept > MOST_CHOSEN or _choice(unpack_json(row.content)) == fresh:
            session.execute(delete(ProofTable).where(ProofTable.id == row.id))
            session.execute(delete(RunTable).where(RunTable.id == row.run_id))
            kept -= 1


def _choice(proof: Mapping[str, Any]) -> tuple[object, ...]:
    return proof["ablation"], proof["prompts"], proof["units"]


def _add_run(
    session: Session,
    model_id: int,
    slug: str,
    proof: "Proof",
    ran: Mapping[str, Any],
    seed: int,
    actor: str,
) -> int:
    """The id of the run that computed it: it has ended just now."""
    now = datetime.now(UTC)
    took = timedelta(milliseconds=ran["queue_ms"] + ran["model_ms"])
    values = {
        "kind": CHOSEN,
        "method": METHOD.format(proof.ablation),
        "method_version": "1",
        "status": "finished",
        "model_id": model_id,
        "parameters": {
            "circuit": slug,
            "prompts": proof.prompts,
            "ablation": proof.ablation,
            "n_units": proof.n_kept,
            "actor": storable(actor),
        },
        "seed": seed,
        "dtype": ran["dtype"],
        "device": ran["device"],
        "code_version": ran["code_version"],
        "machine": {"torch": ran["torch_version"]},
        "measured": {name: ran[name] for name in ("queue_ms", "model_ms", "clean_reused")},
        "command": "",
        "started_at": now - took,
        "finished_at": now,
    }
    statement = insert(RunTable).returning(RunTable.id)
    return int(session.execute(statement, values).scalar_one())
