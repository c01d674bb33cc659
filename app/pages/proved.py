"""A stored circuit, read: its graph and its proofs as the protocol says them."""

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from analysis.protocol.circuits import Circuit
from analysis.protocol.proofs import Proof
from app.rendering.circuit import shown_proof
from app.rendering.circuit_rows import Rows
from app.store.queries.circuit import get_circuit
from app.store.views.circuit import CircuitView, ProofView


@dataclass(frozen=True)
class Held:
    """One proof, with where it is from."""

    line: ProofView
    proof: Proof


@dataclass(frozen=True)
class Proved:
    view: CircuitView
    circuit: Circuit
    held: list[Held] = field(default_factory=list)
    """Newest first."""

    @property
    def proofs(self) -> list[Proof]:
        return [one.proof for one in self.held]

    @property
    def shown_first(self) -> int:
        """The number of the proof that is shown where nobody chose."""
        return shown_proof(self.proofs, self.circuit.ablation)

    @property
    def rows(self) -> Rows:
        return Rows(self.circuit)

    @property
    def units(self) -> list[tuple[str, int]]:
        """Of its graph, each once."""
        refs = [node.unit for node in self.circuit.graph.nodes if node.unit is not None]
        return list(dict.fromkeys((ref.site, ref.index) for ref in refs))


def read_circuit(session: Session, *, model: str, slug: str) -> Proved:
    """Raises NotFoundError."""
    view = get_circuit(session, model=model, slug=slug)
    return Proved(
        view=view,
        circuit=Circuit.model_validate_json(view.circuit),
        held=[Held(line, Proof.model_validate_json(line.proof)) for line in view.proofs],
    )
